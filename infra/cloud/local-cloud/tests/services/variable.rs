//! Variables of policies that come from the connection and from the certificate, over real connections.

use local_cloud::RegistryError;
use rumqttc_v4::{ConnectReturnCode, ConnectionError};
use serde_json::{Value, json};

use crate::world::{Client, certificate, cloud, settings};

/// Everything is allowed but a connection under this condition.
fn all_but(condition: &Value) -> Value {
    json!([
        {"Effect": "Allow", "Action": "iot:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iot:Connect", "Resource": "*", "Condition": condition},
    ])
}

// AWS same(policy): aws:SourceIp is the address that a client connects from, and a Deny on it holds
// AWS same(policy): names of condition keys do not mind the case
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
            json!({"ForAnyValue:StringEquals": {"iot:Certificate.Issuer.CommonName.List": "Other CA"}}),
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

#[tokio::test]
async fn a_policy_with_a_variable_that_never_has_a_value_is_refused_when_it_is_made() {
    let cloud = cloud().await;
    for (condition, key) in [
        (
            json!({"StringEquals": {"iot:Connection.Thing.ThingTypeName": "x"}}),
            "iot:Connection.Thing.ThingTypeName",
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
        let told = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            told.contains(key) && told.contains("never has a value here"),
            "{told}"
        );
    }
    cloud.shutdown().await;
}
