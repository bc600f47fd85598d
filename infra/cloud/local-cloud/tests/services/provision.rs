//! Provisions a device through the control plane, as any AWS SDK would do it.

use serde_json::{Value, json};

use crate::world::{Client, cloud, rest, settings};
use local_cloud::{IssuedCertificate, LocalCloud};

async fn call(cloud: &LocalCloud, request: &str, headers: &str, body: &str) -> Value {
    let endpoint = cloud.endpoints().iot.clone();
    let answer = rest(cloud, &endpoint, request, headers, body).await;
    assert_eq!(answer.status, 200, "{request}: {answer:?}");
    answer.body
}

// AWS same(control-plane): a thing, a key with its certificate, a policy and their attachments make
//     a device that connects
// AWS same(control-plane): an inactive certificate cannot connect
// AWS different(control-plane): DescribeEndpoint names a host, with the usual ports; here host and
//     port of the MQTT listener
// AWS different(control-plane): keys made by CreateKeysAndCertificate are RSA of 2048 bits; here
//     ECDSA P-256
// AWS unknown(control-plane): whether DescribeEndpoint still answers for iot:Data, as its reference
//     says, or refuses it as retired, as ministack says (change 1755); here it answers
#[tokio::test]
async fn a_device_made_by_the_api_connects() {
    let cloud = cloud().await;
    let json_type = "Content-Type: application/json\r\n";
    let endpoint = call(&cloud, "GET /endpoint?endpointType=iot:Data-ATS", "", "").await;
    assert_eq!(
        endpoint["endpointAddress"],
        cloud.endpoints().mqtts.to_string()
    );
    let made = call(&cloud, "POST /things/a", json_type, "{}").await;
    assert_eq!(
        made["thingArn"],
        "arn:aws:iot:us-east-1:123456789012:thing/a"
    );
    let keys = call(
        &cloud,
        "POST /keys-and-certificate?setAsActive=true",
        "",
        "",
    )
    .await;
    let text = |pointer: &str| {
        let value = keys.pointer(pointer).unwrap();
        value.as_str().unwrap().to_owned()
    };
    let certificate = IssuedCertificate {
        id: text("/certificateId"),
        arn: text("/certificateArn"),
        pem: text("/certificatePem"),
        private_key_pem: text("/keyPair/PrivateKey"),
        public_key_pem: text("/keyPair/PublicKey"),
    };
    let target = json!({"target": certificate.arn}).to_string();
    call(&cloud, "PUT /target-policies/thing", json_type, &target).await;
    let principal = format!("x-amzn-principal: {}\r\n", certificate.arn);
    call(&cloud, "PUT /things/a/principals", &principal, "").await;
    let client = Client::connect(&cloud, "a", &certificate).await;
    client.mqtt.disconnect().await.unwrap();

    let deactivate = format!("PUT /certificates/{}?newStatus=INACTIVE", certificate.id);
    call(&cloud, &deactivate, "", "").await;
    Client::start(settings(&cloud, "a", &certificate))
        .closed()
        .await;
    cloud.shutdown().await;
}

// AWS same(control-plane): CreateCertificateFromCsr keeps the request's subject, which policies can
//     name
#[tokio::test]
async fn a_certificate_for_a_signing_request_keeps_its_subject() {
    let cloud = cloud().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "SERIAL1");
    let csr = params.serialize_request(&key).unwrap().pem().unwrap();
    let body = json!({"certificateSigningRequest": csr}).to_string();
    let json_type = "Content-Type: application/json\r\n";
    let made = call(
        &cloud,
        "POST /certificates?setAsActive=true",
        json_type,
        &body,
    )
    .await;
    let arn = made["certificateArn"].as_str().unwrap();
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        {"Effect": "Allow", "Action": "iot:Publish", "Resource":
            "arn:aws:iot:us-east-1:123456789012:topic/from/${iot:Certificate.Subject.CommonName}"},
    ]});
    let body = json!({"policyDocument": document.to_string()}).to_string();
    call(&cloud, "POST /policies/by-subject", json_type, &body).await;
    let target = json!({"target": arn}).to_string();
    call(
        &cloud,
        "PUT /target-policies/by-subject",
        json_type,
        &target,
    )
    .await;
    let certificate = IssuedCertificate {
        id: made["certificateId"].as_str().unwrap().to_owned(),
        arn: arn.to_owned(),
        pem: made["certificatePem"].as_str().unwrap().to_owned(),
        private_key_pem: key.serialize_pem(),
        public_key_pem: key.public_key_pem(),
    };
    let mut client = Client::connect(&cloud, "any", &certificate).await;
    client.publish("from/SERIAL1", "{}").await;
    client
        .wait("puback", |p| {
            matches!(p, rumqttc_v4::Incoming::PubAck(_)).then_some(())
        })
        .await;
    client.publish("from/SERIAL2", "{}").await;
    client.closed().await;
    cloud.shutdown().await;
}

// AWS same(control-plane): missing, used and malformed resources are refused with AWS's error names
//     and status codes
#[tokio::test]
async fn missing_and_used_resources_are_refused_by_awss_names() {
    let cloud = cloud().await;
    let endpoint = cloud.endpoints().iot.clone();
    let certificate = crate::world::thing(&cloud, "a");
    let no_policy = json!({"target": certificate.arn}).to_string();
    for (request, body, status, kind) in [
        ("GET /things/b", "", 404, "resourcenotfoundexception"),
        (
            "PUT /target-policies/none",
            no_policy.as_str(),
            404,
            "resourcenotfoundexception",
        ),
        ("DELETE /things/a", "", 400, "invalidrequestexception"),
        ("POST /things/a%20b", "{}", 400, "invalidrequestexception"),
        (
            "POST /policies/bad",
            r#"{"policyDocument":"{"}"#,
            400,
            "malformedpolicyexception",
        ),
    ] {
        let json_type = "Content-Type: application/json\r\n";
        let answer = rest(&cloud, &endpoint, request, json_type, body).await;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        let header = format!("x-amzn-errortype: {kind}");
        assert!(answer.head.contains(&header), "{request}: {answer:?}");
    }
    cloud.shutdown().await;
}
