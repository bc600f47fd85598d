//! Policy variables from the connection and from the certificate, over real connections.

use local_cloud::RegistryError;
use rumqttc_v4::{
    ConnectReturnCode, ConnectionError, LastWill, MqttOptions, QoS, TlsConfiguration, Transport,
};
use serde_json::{Value, json};

use crate::world::{Client, certificate, cloud, rest, settings, tls};

/// Allows everything but a connection under this condition.
fn all_but(condition: &Value) -> Value {
    json!([
        {"Effect": "Allow", "Action": "iot:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iot:Connect", "Resource": "*", "Condition": condition},
    ])
}

// AWS same(policy): aws:SourceIp is the address that a client connects from, and a Deny on it holds
// AWS same(policy): names of condition keys are not case-sensitive
#[tokio::test]
async fn a_deny_by_address_or_certificate_holds_on_a_real_connection() {
    let cloud = cloud().await;
    let rows = [
        (json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), false),
        (json!({"IpAddress": {"AWS:sourceip": "127.0.0.1"}}), false),
        (json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), true),
        (
            json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            false,
        ),
        (
            json!({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
            true,
        ),
        (
            json!({"StringEquals": {"iot:Certificate.Subject.CommonName": "AWS IoT Certificate"}}),
            false,
        ),
        (
            json!({"StringEquals": {"iot:Certificate.Issuer.CommonName.0": "Local Cloud Root CA"}}),
            false,
        ),
        (
            json!({"ForAnyValue:StringEquals": {
                "iot:Certificate.Issuer.CommonName.List": "Other CA"
            }}),
            true,
        ),
        (
            json!({"StringLike": {"iot:Certificate.SerialNumber": "*"}}),
            false,
        ),
    ];
    for (number, (condition, may_connect)) in rows.iter().enumerate() {
        let policy = format!("policy-{number}");
        let certificate = certificate(&cloud, &policy, &all_but(condition));
        let mut client = Client::start(settings(&cloud, "a", &certificate));
        if *may_connect {
            client.connected().await;
            continue;
        }
        let error = client.closed().await;
        let refused = ConnectReturnCode::NotAuthorized;
        assert!(
            matches!(&error, ConnectionError::ConnectionRefused(code) if *code == refused),
            "{condition}: {error}"
        );
    }
    cloud.shutdown().await;
}

// AWS same(policy): iot:CertificateId is the id of the certificate of the connection
// AWS same(policy): iot:Connection.Thing.ThingTypeName is the type of the connected thing
#[tokio::test]
async fn a_certificate_and_a_type_of_things_have_topics_of_their_own() {
    let cloud = cloud().await;
    let certificate = certificate(
        &cloud,
        "own",
        &json!([
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
            {"Effect": "Allow", "Action": ["iot:Subscribe", "iot:Receive"], "Resource": "*"},
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": [
                "arn:aws:iot:us-east-1:123456789012:topic/huts/${iot:CertificateId}",
                "arn:aws:iot:us-east-1:123456789012:topic/\
                 kinds/${iot:Connection.Thing.ThingTypeName}",
            ]},
        ]),
    );
    let plane = &cloud.endpoints().iot;
    for (request, body) in [
        ("POST /thing-types/hut", json!({})),
        ("POST /things/a", json!({"thingTypeName": "hut"})),
    ] {
        let answer = rest(&cloud, plane, request, "", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let registry = cloud.registry();
    registry
        .attach_thing_principal("a", &certificate.arn)
        .unwrap();
    let mut client = Client::connect(&cloud, "a", &certificate).await;
    client.subscribe("huts/#").await;
    client.subscribe("kinds/#").await;
    for topic in [format!("huts/{}", certificate.id), "kinds/hut".to_owned()] {
        client.publish(&topic, "{}").await;
        assert_eq!(client.json().await.0, topic);
    }
    for topic in ["huts/other", "kinds/shed"] {
        let mut client = Client::connect(&cloud, "a", &certificate).await;
        client.publish(topic, "{}").await;
        client.closed().await;
    }
    cloud.shutdown().await;
}

// AWS same(policy): the condition key iot:LastWillTopic is the ARN of the will's topic, and absent
//     without a will
#[tokio::test]
async fn a_policy_names_the_topic_of_a_will() {
    let cloud = cloud().await;
    let will = "arn:aws:iot:us-east-1:123456789012:topic/huts/will";
    let condition = json!({"ArnEquals": {"iot:LastWillTopic": will}});
    let certificate = certificate(
        &cloud,
        "will",
        &json!([
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*", "Condition": condition},
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"},
        ]),
    );
    for (topic, is_allowed) in [
        (Some("huts/will"), true),
        (Some("huts/other"), false),
        (None, false),
    ] {
        let mut settings = settings(&cloud, "a", &certificate);
        if let Some(topic) = topic {
            settings.set_last_will(LastWill::new(topic, "gone", QoS::AtMostOnce, false));
        }
        connects(settings, is_allowed).await;
    }
    cloud.shutdown().await;
}

/// Whether a client with these settings may connect.
async fn connects(settings: MqttOptions, is_allowed: bool) {
    let mut client = Client::start(settings);
    if is_allowed {
        client.connected().await;
    } else {
        client.closed().await;
    }
}

// AWS same(policy): iot:DomainName is the domain name that the client connected to
#[tokio::test]
async fn a_policy_names_the_domain_of_the_endpoint() {
    let cloud = cloud().await;
    let condition = json!({"StringEquals": {"iot:DomainName": "localhost"}});
    let certificate = certificate(
        &cloud,
        "domain",
        &json!([{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*",
                 "Condition": condition}]),
    );
    let port = cloud.endpoints().mqtts.port();
    let config = tls(
        cloud.ca_pem(),
        &certificate.pem,
        &certificate.private_key_pem,
    );
    for (host, is_allowed) in [("localhost", true), ("127.0.0.1", false)] {
        let mut settings = MqttOptions::new("a", (host, port));
        let tls = TlsConfiguration::Rustls(config.clone());
        settings.set_transport(Transport::Tls(tls));
        connects(settings, is_allowed).await;
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_policy_with_a_variable_that_never_has_a_value_is_refused_when_it_is_created() {
    let cloud = cloud().await;
    for (condition, key) in [
        (
            json!({"StringEquals": {"iot:Certificate.AvailableKeys": "x"}}),
            "iot:Certificate.AvailableKeys",
        ),
        (
            json!({"StringEquals": {"iot:ClientId": "${iot:Thing.ThingName}"}}),
            "write iot:Connection.Thing.ThingName",
        ),
        (
            json!({"StringEquals": {"iot:ClientId": "${iot:Certificate.Subject.Locality}"}}),
            "iot:Certificate.Subject.Locality",
        ),
    ] {
        let document = json!({"Version": "2012-10-17", "Statement": all_but(&condition)});
        let refused = cloud.registry().create_policy("p", &document.to_string());
        let error = refused.unwrap_err();
        assert!(matches!(error, RegistryError::Policy { .. }), "{error:?}");
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            reason.contains(key) && reason.contains("never has a value here"),
            "{reason}"
        );
    }
    cloud.shutdown().await;
}
