//! The QoS at which the shadow service answers.

use rumqttc_v4::QoS;

use crate::world::{Client, cloud, rest, settings, thing};

const UPDATE: &str = "$aws/things/a/shadow/update";
const DESIRED: &str = r#"{"state":{"desired":{"on":true}}}"#;

// AWS same(shadow): a delta is delivered with QoS 1 to a client that subscribed so, and waits for a
//     persistent session; so a maintainer writes (aws-iot-device-sdk-python, issue 113)
// AWS unknown(shadow): the QoS of accepted, rejected and documents: one maintainer names the
//     subscription's (issue 113), another QoS 0 (aws-iot-device-sdk-js, issue 134); here QoS 0
#[tokio::test]
async fn a_delta_has_the_qos_of_its_subscription_and_other_answers_have_0() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let persistent = || {
        let mut settings = settings(&cloud, "a", &a);
        settings.set_clean_session(false);
        settings
    };
    let delta = format!("{UPDATE}/delta");
    let mut client = Client::start(persistent());
    client.connected().await;
    client.subscribe(&delta).await;
    client.subscribe(&format!("{UPDATE}/accepted")).await;
    client.publish(UPDATE, DESIRED).await;
    for _ in 0..2 {
        let message = client.message().await;
        let expected = if message.topic == delta.as_bytes() {
            QoS::AtLeastOnce
        } else {
            QoS::AtMostOnce
        };
        assert_eq!(message.qos, expected, "{message:?}");
    }
    client.mqtt.disconnect().await.unwrap();
    client.closed().await;

    let plane = &cloud.endpoints().iot_data;
    let updated = rest(&cloud, plane, "POST /things/a/shadow", "", DESIRED).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    let mut again = Client::start(persistent());
    assert!(again.connected().await);
    let (topic, body) = again.json().await;
    assert_eq!((topic, &body["version"]), (delta, &serde_json::json!(2)));
    cloud.shutdown().await;
}
