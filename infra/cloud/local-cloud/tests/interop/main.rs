//! Tests the local cloud with third-party clients from package registries, each in its own process.
//!
//! Names of tests begin with the client's name, so that they can be excluded where the client is
//! not installed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod client;
mod cloud;

use client::{mosquitto_pub, mosquitto_sub, node, python};
use cloud::Cloud;

// AWS same(control-plane): boto3 provisions a device, gets AWS's errors as its own classes, and
//     pages through things
// AWS same(data-plane): boto3 uses classic and named shadows, retained messages, and is refused a
//     wrong signature
// AWS same(dynamodb): boto3 uses a table, and is refused a condition that does not hold and a wrong
//     signature
// AWS same(stream): boto3 reads the stream of a table
#[tokio::test]
async fn boto3_provisions_a_device_that_connects() {
    let cloud = Cloud::start(&[]).await;
    let (certificate, key) = cloud.files_for("made");
    python("boto3_client.py", &cloud)
        .args([&certificate, &key])
        .succeed()
        .await;
    mosquitto_pub(&cloud, "made")
        .args(["-t", "open/a", "-m", "made by boto3", "-q", "1"])
        .succeed()
        .await;
}

// AWS same(queue): boto3 publishes to a topic with a subject and attributes, reads topics and
//     subscriptions, and gets SNS's errors as its own classes
#[tokio::test]
async fn boto3_publishes_to_a_topic() {
    let cloud = Cloud::start(&[]).await;
    python("sns_client.py", &cloud).succeed().await;
}

// AWS same(stack): boto3 reads a stack and its outputs, and is refused another stack and a wrong
//     signature
// AWS same(functions): boto3 reads a function's configuration, alias and policy
// AWS absent(alarm): CloudWatch's JSON protocol, in which boto3 calls it; refused with
//     InvalidSignatureException, since SQS is at that path
// AWS same(queue): boto3 sends, receives and deletes a message, and reads the depth of its queue
#[tokio::test]
async fn boto3_reads_what_runs() {
    let cloud = Cloud::start(&[]).await;
    python("operator_client.py", &cloud).succeed().await;
}

// AWS same(broker): the AWS IoT Device SDK for Python v2 connects over MQTT 3.1.1, publishes and
//     subscribes
// AWS same(shadow): both shadow clients of that SDK work over MQTT 3.1.1: get, update, delta, named
//     shadows, rejections
#[tokio::test]
async fn device_sdk_speaks_mqtt_3_and_uses_shadows() {
    let cloud = Cloud::start(&["first"]).await;
    python("device_sdk.py", &cloud)
        .args(["first", "3"])
        .succeed()
        .await;
}

// AWS same(broker): the AWS IoT Device SDK for Python v2 connects over MQTT 5, with properties and
//     reason codes
// AWS same(shadow): the newer shadow client of that SDK works over MQTT 5
#[tokio::test]
async fn device_sdk_speaks_mqtt_5_and_uses_shadows() {
    let cloud = Cloud::start(&["first"]).await;
    python("device_sdk.py", &cloud)
        .args(["first", "5"])
        .succeed()
        .await;
}

// AWS same(jobs): both jobs clients of the AWS IoT Device SDK for Python v2 work over MQTT 3.1.1:
//     pending executions, notifications, start, update, refusals; boto3 creates the jobs
#[tokio::test]
async fn device_sdk_carries_out_jobs_over_mqtt_3() {
    let cloud = Cloud::start(&["first"]).await;
    python("device_jobs.py", &cloud)
        .args(["first", "3"])
        .succeed()
        .await;
}

// AWS same(jobs): the newer jobs client of that SDK works over MQTT 5
#[tokio::test]
async fn device_sdk_carries_out_jobs_over_mqtt_5() {
    let cloud = Cloud::start(&["first"]).await;
    python("device_jobs.py", &cloud)
        .args(["first", "5"])
        .succeed()
        .await;
}

// AWS same(jobs): both identity clients of that SDK provision a device with a claim made by boto3,
//     with keys of the service and with a signing request; the device connects
#[tokio::test]
async fn device_sdk_provisions_a_device_that_connects() {
    let cloud = Cloud::start(&[]).await;
    let (certificate, key) = cloud.files_for("made");
    python("device_identity.py", &cloud)
        .args([&certificate, &key])
        .succeed()
        .await;
    mosquitto_pub(&cloud, "made")
        .args(["-t", "open/a", "-m", "made by the device SDK", "-q", "1"])
        .succeed()
        .await;
}

// AWS same(broker): that SDK connects over WebSocket with Signature Version 4, by MQTT 3.1.1 and 5,
//     and with a certificate by ALPN; a wrong secret is refused
#[tokio::test]
async fn device_sdk_connects_over_websocket_and_by_alpn() {
    let cloud = Cloud::start(&["first"]).await;
    python("device_websocket.py", &cloud)
        .args(["first"])
        .succeed()
        .await;
}

// AWS same(broker): paho-mqtt works over MQTT 3.1.1: QoS 0 and 1, retained messages, wills,
//     sessions; a refusal ends the connection
#[tokio::test]
async fn paho_speaks_mqtt_3() {
    let cloud = Cloud::start(&["first", "second"]).await;
    python("paho_client.py", &cloud).args(["3"]).succeed().await;
}

// AWS same(broker): paho-mqtt works over MQTT 5: properties, session expiry, reason codes
#[tokio::test]
async fn paho_speaks_mqtt_5() {
    let cloud = Cloud::start(&["first", "second"]).await;
    python("paho_client.py", &cloud).args(["5"]).succeed().await;
}

// AWS same(broker): mosquitto_pub and mosquitto_sub work with a certificate, over MQTT 3.1.1 and
//     over MQTT 5 with properties
#[tokio::test]
async fn mosquitto_clients_exchange_messages_by_either_version() {
    let cloud = Cloud::start(&["first", "second"]).await;
    for version in ["mqttv311", "mqttv5"] {
        let topic = format!("open/{version}");
        let publish = |message| {
            let publisher = mosquitto_pub(&cloud, "first").args(["-V", version, "-q", "1"]);
            publisher.args(["-t", &topic, "-m", message])
        };
        publish("before").args(["-r"]).succeed().await;
        let mut subscriber = mosquitto_sub(&cloud, "second")
            .args(["-V", version, "-t", &topic, "-q", "1", "-C", "2"])
            .args(["-F", "got %p at %q, retained %r, properties %P"])
            .start();
        // The retained message shows that the subscription exists.
        subscriber.says("got before at 1, retained 1").await;
        if version == "mqttv5" {
            let property = ["-D", "publish", "user-property", "k", "v"];
            publish("after").args(property).succeed().await;
            subscriber
                .says("got after at 1, retained 0, properties k:v")
                .await;
        } else {
            publish("after").succeed().await;
            subscriber.says("got after at 1, retained 0").await;
        }
        subscriber.succeeds().await;
    }
}

// AWS same(broker): mosquitto_pub with a topic that no policy allows ends without being
//     acknowledged
// AWS same(broker): a client without a certificate is refused
#[tokio::test]
async fn mosquitto_clients_are_refused_without_right_or_certificate() {
    let cloud = Cloud::start(&["first"]).await;
    let publish = ["-t", "secret", "-m", "hello", "-q", "1"];
    mosquitto_pub(&cloud, "first").args(publish).fail().await;
    let subscribe = ["-t", "secret", "-q", "1", "-W", "2", "-E"];
    mosquitto_sub(&cloud, "first").args(subscribe).fail().await;
    client::bare_mosquitto_pub(&cloud)
        .args(["-t", "open/a", "-m", "hello", "-q", "1"])
        .fail()
        .await;
}

// AWS same(control-plane): the AWS SDK for JavaScript v3 provisions a device
// AWS same(data-plane): the AWS SDK for JavaScript v3 uses shadows and retained messages, and is
//     refused a wrong signature
#[tokio::test]
async fn node_sdk_provisions_a_device_that_connects() {
    let cloud = Cloud::start(&[]).await;
    let (certificate, key) = cloud.files_for("made");
    node("node_client.cjs", &cloud)
        .args([&certificate, &key])
        .succeed()
        .await;
    mosquitto_pub(&cloud, "made")
        .args(["-t", "open/a", "-m", "made by node", "-q", "1"])
        .succeed()
        .await;
}
