//! Signatures: which requests each service accepts, and how it refuses the others.

use local_cloud::LocalCloud;

use crate::world::{cloud, options, rest, rest_as, signed};

/// The fault of the signature, the keys to sign with, and the refusal's name and message.
type Row<'a> = (
    &'a str,
    Option<(&'a str, &'a str, &'a str)>,
    &'a str,
    &'a str,
);

/// Each service: its endpoint, a valid request, and the request's headers.
fn services(cloud: &LocalCloud) -> [(&str, String, &'static str, &'static str); 3] {
    let endpoints = cloud.endpoints();
    let list = "X-Amz-Target: DynamoDB_20120810.ListTables\r\n\
                Content-Type: application/x-amz-json-1.0\r\n";
    [
        (
            "iotdata",
            endpoints.iot_data.clone(),
            "POST /topics/a%2Fb%20c?qos=1",
            "",
        ),
        ("iot", endpoints.iot.clone(), "GET /things", ""),
        ("dynamodb", endpoints.dynamodb.clone(), "POST /", list),
    ]
}

// AWS different(data-plane): AWS refuses an unsigned request with ForbiddenException; here the
//     message also says how to sign
// AWS same(control-plane): an unsigned request gets MissingAuthenticationTokenException (403), a
//     wrong secret InvalidSignatureException, an unknown key or token UnrecognizedClientException
// AWS same(dynamodb): an unsigned request gets MissingAuthenticationTokenException (400), a wrong
//     secret InvalidSignatureException, an unknown key or token UnrecognizedClientException
// AWS same(data-plane): a wrong secret, an unknown key or token gets ForbiddenException (403) with
//     the reason
#[tokio::test]
async fn each_service_refuses_a_bad_signature_in_its_own_words() {
    let cloud = cloud().await;
    let operator = cloud.credentials();
    let (key, secret) = (
        operator.access_key_id.as_str(),
        operator.secret_access_key.as_str(),
    );
    let function = cloud.credentials_of("echo").unwrap();
    let (fkey, fsecret) = (
        function.access_key_id.as_str(),
        function.secret_access_key.as_str(),
    );
    let rows: [Row<'_>; 6] = [
        (
            "unsigned",
            None,
            "MissingAuthenticationToken",
            "missing Authentication Token: sign with",
        ),
        (
            "wrong secret",
            Some((key, "guessed", "")),
            "InvalidSignature",
            "does not match",
        ),
        (
            "unknown key",
            Some(("AKIANOBODY", secret, "")),
            "UnrecognizedClient",
            "token",
        ),
        (
            "no token",
            Some((fkey, fsecret, "")),
            "UnrecognizedClient",
            "token",
        ),
        (
            "wrong token",
            Some((fkey, fsecret, "stolen")),
            "UnrecognizedClient",
            "token",
        ),
        (
            "an unexpected token",
            Some((key, secret, "some")),
            "UnrecognizedClient",
            "token",
        ),
    ];
    for (service, endpoint, line, headers) in services(&cloud) {
        for (what, keys, kind, message) in rows {
            let headers = match keys {
                Some(keys) => signed(&cloud, keys, &endpoint, line, headers, "{}"),
                None => headers.to_owned(),
            };
            let answer = rest_as(&endpoint, line, &headers, "{}").await;
            let expected = if service == "dynamodb" { 400 } else { 403 };
            assert_eq!(answer.status, expected, "{service} {what}: {answer:?}");
            let found = match service {
                "dynamodb" => answer.body["__type"].as_str().unwrap(),
                _ => &answer.head,
            };
            let kind = match service {
                "dynamodb" => format!("com.amazon.coral.service#{kind}Exception"),
                "iot" => format!("x-amzn-errortype: {kind}Exception").to_ascii_lowercase(),
                _ => "x-amzn-errortype: forbiddenexception".to_owned(),
            };
            assert!(found.contains(&kind), "{service} {what}: {answer:?}");
            let reason = answer.body["message"].as_str().unwrap();
            assert!(reason.contains(message), "{service} {what}: {answer:?}");
        }
        let good = rest(&cloud, &endpoint, line, headers, "{}").await;
        assert_eq!(good.status, 200, "{service}: {good:?}");
    }
    cloud.shutdown().await;
}

// AWS same(data-plane): a signature for another service or from another time is refused
#[tokio::test]
async fn a_signature_is_good_for_one_service_and_for_five_minutes() {
    let cloud = cloud().await;
    let operator = cloud.credentials();
    let keys = (
        operator.access_key_id.as_str(),
        operator.secret_access_key.as_str(),
        "",
    );
    let [(_, data, line, _), (_, iot, ..), _] = services(&cloud);
    // A signature names the service of the endpoint it was made for.
    let elsewhere = signed(&cloud, keys, &iot, line, "", "{}");
    let answer = rest_as(&data, line, &elsewhere, "{}").await;
    let reason = answer.body["message"].as_str().unwrap();
    assert!(
        reason.contains("scoped to correct service: 'iotdata'"),
        "{answer:?}"
    );

    let good = signed(&cloud, keys, &data, line, "", "{}");
    let date = good.split("X-Amz-Date: ").nth(1).unwrap();
    let old = good
        .replace(&date[..16], "20260101T000000Z")
        .replace(&date[..8], "20260101");
    let answer = rest_as(&data, line, &old, "{}").await;
    let reason = answer.body["message"].as_str().unwrap();
    assert!(
        reason.contains("Signature expired: 20260101T000000Z is now earlier than"),
        "{answer:?}"
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn the_operators_credentials_outlive_a_restart_with_the_same_data() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options();
    options.data_dir = Some(directory.path().to_owned());
    let mut seen = Vec::new();
    for _ in 0..2 {
        let cloud = LocalCloud::start(options.clone()).await.unwrap();
        seen.push(cloud.credentials().secret_access_key.clone());
        cloud.shutdown().await;
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(
        seen[0],
        cloud().await.credentials().secret_access_key,
        "new without a data directory"
    );
}
