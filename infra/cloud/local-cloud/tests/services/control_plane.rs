//! The control plane's own rules: versions, conflicts, limits, pages, attachments, and unsupported
//! features.

use local_cloud::LocalCloud;
use serde_json::{Value, json};

use crate::world::{Answer, cloud, rest};

/// A request with or without a JSON body.
pub async fn ask(cloud: &LocalCloud, request: &str, headers: &str, body: &Value) -> Answer {
    let endpoint = cloud.endpoints().iot.clone();
    let headers = format!("Content-Type: application/json\r\n{headers}");
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    rest(cloud, &endpoint, request, &headers, &body).await
}

/// The answer to a request without a body, which must succeed.
pub async fn succeed(cloud: &LocalCloud, request: &str) -> Value {
    let answer = ask(cloud, request, "", &Value::Null).await;
    assert_eq!(answer.status, 200, "{request}: {answer:?}");
    answer.body
}

/// Checks the status and the name of a refusal, and returns its body.
pub async fn refused(
    cloud: &LocalCloud,
    request: &str,
    headers: &str,
    body: &Value,
    status: u16,
    kind: &str,
) -> Value {
    let answer = ask(cloud, request, headers, body).await;
    assert_eq!(answer.status, status, "{request}: {answer:?}");
    let header = format!("x-amzn-errortype: {}", kind.to_ascii_lowercase());
    assert!(answer.head.contains(&header), "{request}: {answer:?}");
    answer.body
}

// AWS same(control-plane): CreateThing again with the same attributes succeeds; with others
//     ResourceAlreadyExistsException names the existing thing
// AWS same(control-plane): UpdateThing merges or replaces attributes, an empty value removes one,
//     each change raises the version
// AWS same(control-plane): expectedVersion of UpdateThing and DeleteThing is checked:
//     VersionConflictException
// AWS same(control-plane): DeleteThing of a missing thing succeeds
// AWS same(control-plane): a thing without a thing type has at most three attributes
#[tokio::test]
async fn a_thing_is_created_once_changed_by_version_and_removed() {
    let cloud = cloud().await;
    let attributes = |value: Value| json!({"attributePayload": {"attributes": value}});
    let first = attributes(json!({"room": "1"}));
    let made = ask(&cloud, "POST /things/a", "", &first).await;
    let again = ask(&cloud, "POST /things/a", "", &first).await;
    assert_eq!((made.status, &made.body), (200, &again.body));
    let other = attributes(json!({"room": "2"}));
    let taken = "ResourceAlreadyExistsException";
    let body = refused(&cloud, "POST /things/a", "", &other, 409, taken).await;
    assert_eq!(body["resourceId"], "a");
    assert_eq!(body["resourceArn"], made.body["thingArn"]);

    let payload = json!({"attributes": {"floor": "3"}, "merge": true});
    let merge = json!({"attributePayload": payload, "expectedVersion": 1});
    assert_eq!(ask(&cloud, "PATCH /things/a", "", &merge).await.status, 200);
    let thing = succeed(&cloud, "GET /things/a").await;
    assert_eq!(thing["attributes"], json!({"room": "1", "floor": "3"}));
    assert_eq!(thing["version"], 2);
    let conflict = "VersionConflictException";
    refused(&cloud, "PATCH /things/a", "", &merge, 409, conflict).await;
    let replace = attributes(json!({"room": "", "wing": "b"}));
    assert_eq!(
        ask(&cloud, "PATCH /things/a", "", &replace).await.status,
        200
    );
    let thing = succeed(&cloud, "GET /things/a").await;
    assert_eq!(thing["attributes"], json!({"wing": "b"}));

    let many = attributes(json!({"a": "1", "b": "1", "c": "1", "d": "1"}));
    let invalid = "InvalidRequestException";
    refused(&cloud, "POST /things/b", "", &many, 400, invalid).await;
    let delete = "DELETE /things/a?expectedVersion=1";
    refused(&cloud, delete, "", &Value::Null, 409, conflict).await;
    succeed(&cloud, "DELETE /things/a?expectedVersion=3").await;
    succeed(&cloud, "DELETE /things/a").await;
    cloud.shutdown().await;
}

// AWS same(control-plane): ListThings gives pages by maxResults and nextToken, and filters by
//     attribute
#[tokio::test]
async fn things_are_listed_in_pages_and_by_attribute() {
    let cloud = cloud().await;
    for (name, room) in [("a", "north-1"), ("b", "north-2"), ("c", "south-1")] {
        let body = json!({"attributePayload": {"attributes": {"room": room}}});
        ask(&cloud, &format!("POST /things/{name}"), "", &body).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let things = answer["things"].as_array().unwrap();
        let names = things.iter().map(|t| t["thingName"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    let page = succeed(&cloud, "GET /things?maxResults=2").await;
    assert_eq!(names(&page), ["a", "b"]);
    let token = page["nextToken"].as_str().unwrap().replace('=', "%3D");
    let rest = succeed(
        &cloud,
        &format!("GET /things?maxResults=2&nextToken={token}"),
    )
    .await;
    assert_eq!(names(&rest), ["c"]);
    assert_eq!(rest["nextToken"], Value::Null);
    for (filter, expected) in [
        ("attributeName=room&attributeValue=north-2", &["b"][..]),
        (
            "attributeName=room&attributeValue=north&usePrefixAttributeValue=true",
            &["a", "b"],
        ),
        ("attributeName=wing", &[]),
    ] {
        let found = succeed(&cloud, &format!("GET /things?{filter}")).await;
        assert_eq!(names(&found), expected, "{filter}");
    }
    cloud.shutdown().await;
}

// AWS same(control-plane): DeleteCertificate refuses an ACTIVE certificate with
//     CertificateStateException, an attached one with DeleteConflictException
// AWS same(control-plane): forceDelete removes an inactive certificate together with the
//     attachments of its policies
// AWS same(control-plane): UpdateCertificate sets ACTIVE, INACTIVE or REVOKED, and refuses the
//     states that only AWS may set
#[tokio::test]
async fn a_certificate_is_revoked_detached_and_removed_in_that_order() {
    let cloud = cloud().await;
    let certificate = crate::world::thing(&cloud, "a");
    let at = format!("/certificates/{}", certificate.id);
    let delete = format!("DELETE {at}");
    let gone = "ResourceNotFoundException";
    let state = "CertificateStateException";
    refused(&cloud, &delete, "", &Value::Null, 406, state).await;
    let pending = format!("PUT {at}?newStatus=PENDING_TRANSFER");
    let invalid = "InvalidRequestException";
    refused(&cloud, &pending, "", &Value::Null, 400, invalid).await;
    succeed(&cloud, &format!("PUT {at}?newStatus=REVOKED")).await;
    let described = succeed(&cloud, &format!("GET {at}")).await;
    let described = &described["certificateDescription"];
    assert_eq!(described["status"], "REVOKED");
    assert_eq!(described["certificateArn"], certificate.arn);
    assert!(described["validity"]["notAfter"].is_i64(), "{described}");
    let listed = succeed(&cloud, "GET /certificates?pageSize=1").await;
    assert_eq!(listed["certificates"][0]["certificateId"], certificate.id);

    let conflict = "DeleteConflictException";
    let body = refused(&cloud, &delete, "", &Value::Null, 409, conflict).await;
    assert!(
        body["message"].as_str().unwrap().starts_with("Things"),
        "{body}"
    );
    let principal = format!("x-amzn-principal: {}\r\n", certificate.arn);
    let detach = "DELETE /things/a/principals";
    assert_eq!(
        ask(&cloud, detach, &principal, &Value::Null).await.status,
        200
    );
    refused(&cloud, &delete, "", &Value::Null, 409, conflict).await;
    succeed(&cloud, &format!("{delete}?forceDelete=true")).await;
    refused(&cloud, &format!("GET {at}"), "", &Value::Null, 404, gone).await;
    cloud.shutdown().await;
}

// AWS same(control-plane): a policy has up to five numbered versions, one of them the default;
//     numbers are not reused
// AWS same(control-plane): DeletePolicy refuses a policy that is attached or has other versions:
//     DeleteConflictException
#[tokio::test]
async fn the_default_version_of_a_policy_is_in_force() {
    let cloud = cloud().await;
    let certificate = crate::world::thing(&cloud, "a");
    let document = |action: &str| {
        let statement = json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]);
        let text = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        json!({ "policyDocument": text })
    };
    let made = ask(&cloud, "POST /policies/p", "", &document("iot:Connect")).await;
    assert_eq!(made.body["policyVersionId"], "1");
    let taken = "ResourceAlreadyExistsException";
    let other = document("iot:Publish");
    let body = refused(&cloud, "POST /policies/p", "", &other, 409, taken).await;
    assert_eq!(body["resourceArn"], made.body["policyArn"]);
    for number in 2..=5 {
        let added = ask(&cloud, "POST /policies/p/version", "", &other).await;
        assert_eq!(added.body["policyVersionId"], number.to_string());
        assert_eq!(added.body["isDefaultVersion"], false);
    }
    let limit = "VersionsLimitExceededException";
    refused(&cloud, "POST /policies/p/version", "", &other, 409, limit).await;
    succeed(&cloud, "DELETE /policies/p/version/5").await;
    let added = ask(
        &cloud,
        "POST /policies/p/version?setAsDefault=true",
        "",
        &other,
    )
    .await;
    assert_eq!(added.body["policyVersionId"], "6");
    let policy = succeed(&cloud, "GET /policies/p").await;
    assert_eq!(policy["defaultVersionId"], "6");
    assert_eq!(policy["policyDocument"], other["policyDocument"]);
    let conflict = "DeleteConflictException";
    let in_force = "DELETE /policies/p/version/6";
    refused(&cloud, in_force, "", &Value::Null, 409, conflict).await;
    refused(
        &cloud,
        "DELETE /policies/p",
        "",
        &Value::Null,
        409,
        conflict,
    )
    .await;
    succeed(&cloud, "PATCH /policies/p/version/1").await;
    let versions = succeed(&cloud, "GET /policies/p/version").await;
    let default = versions["policyVersions"].as_array().unwrap().iter();
    let default: Vec<_> = default.filter(|v| v["isDefaultVersion"] == true).collect();
    assert_eq!(default.len(), 1);
    assert_eq!(default[0]["versionId"], "1");
    for version in [2, 3, 4, 6] {
        succeed(&cloud, &format!("DELETE /policies/p/version/{version}")).await;
    }
    let target = json!({"target": certificate.arn});
    assert_eq!(
        ask(&cloud, "PUT /target-policies/p", "", &target)
            .await
            .status,
        200
    );
    refused(
        &cloud,
        "DELETE /policies/p",
        "",
        &Value::Null,
        409,
        conflict,
    )
    .await;
    assert_eq!(
        ask(&cloud, "POST /target-policies/p", "", &target)
            .await
            .status,
        200
    );
    succeed(&cloud, "DELETE /policies/p").await;
    cloud.shutdown().await;
}

// AWS same(control-plane): attachments are listed from both ends, by AttachPolicy's operations and
//     by the older AttachPrincipalPolicy's
// AWS same(control-plane): a certificate has at most ten policies: LimitExceededException
#[tokio::test]
async fn attachments_are_listed_from_both_ends() {
    let cloud = cloud().await;
    let certificate = crate::world::thing(&cloud, "a");
    let arn = &certificate.arn;
    let principal = format!("x-amzn-principal: {arn}\r\n");
    let of_policy = format!("x-amzn-iot-principal: {arn}\r\n");
    let policy = "x-amzn-iot-policy: thing\r\n";
    let target = arn.replace('/', "%2F").replace(':', "%3A");
    for (request, headers, pointer, expected) in [
        (
            "GET /things/a/principals",
            "",
            "/principals/0",
            arn.as_str(),
        ),
        (
            "GET /things/a/principals-v2",
            "",
            "/thingPrincipalObjects/0/principal",
            arn,
        ),
        ("GET /principals/things", &principal, "/things/0", "a"),
        (
            &format!("POST /attached-policies/{target}"),
            "",
            "/policies/0/policyName",
            "thing",
        ),
        ("POST /policy-targets/thing", "", "/targets/0", arn),
        (
            "GET /principal-policies",
            &of_policy,
            "/policies/0/policyName",
            "thing",
        ),
        ("GET /policy-principals", policy, "/principals/0", arn),
    ] {
        let answer = ask(&cloud, request, headers, &Value::Null).await;
        let found = answer.body.pointer(pointer).and_then(Value::as_str);
        assert_eq!(found, Some(expected), "{request}: {answer:?}");
    }
    let older = "DELETE /principal-policies/thing";
    assert_eq!(
        ask(&cloud, older, &of_policy, &Value::Null).await.status,
        200
    );
    let left = ask(&cloud, "GET /principal-policies", &of_policy, &Value::Null).await;
    assert_eq!(left.body["policies"], json!([]));
    let allow = json!({"Version": "2012-10-17", "Statement": []});
    let document = json!({"policyDocument": allow.to_string()});
    for number in 1..=11 {
        let name = format!("p{number}");
        ask(&cloud, &format!("POST /policies/{name}"), "", &document).await;
        let attach = format!("PUT /principal-policies/{name}");
        let answer = ask(&cloud, &attach, &of_policy, &Value::Null).await;
        assert_eq!(
            answer.status,
            if number <= 10 { 200 } else { 410 },
            "{answer:?}"
        );
    }
    cloud.shutdown().await;
}

// AWS absent(control-plane): groups in groups, policies of groups, billing groups, tags, Cognito
//     identities as targets, exclusive things; refused with InvalidRequestException
// AWS absent(control-plane): the endpoints for jobs and for credentials; refused with
//     InvalidRequestException
// AWS absent(control-plane): every other operation of the service; UnknownOperationException
#[tokio::test]
async fn unsupported_features_are_refused_and_never_ignored() {
    let cloud = cloud().await;
    let certificate = crate::world::thing(&cloud, "a");
    let principal = format!("x-amzn-principal: {}\r\n", certificate.arn);
    let group = "arn:aws:iot:us-east-1:123456789012:thinggroup/g";
    let tagged = json!({"policyDocument": "{}", "tags": [{"Key": "k"}]});
    let nothing = Value::Null;
    for (request, headers, body) in [
        ("POST /things/b", "", &json!({"billingGroupName": "g"})),
        ("POST /thing-groups/g", "", &json!({"parentGroupName": "a"})),
        ("POST /thing-types/t", "", &json!({"tags": [{"Key": "k"}]})),
        ("POST /policies/p", "", &tagged),
        (
            "PUT /target-policies/thing",
            "",
            &json!({ "target": group }),
        ),
        (
            "PUT /things/a/principals?thingPrincipalType=EXCLUSIVE_THING",
            &principal,
            &nothing,
        ),
        (
            "GET /endpoint?endpointType=iot:CredentialProvider",
            "",
            &nothing,
        ),
        ("GET /endpoint?endpointType=other", "", &nothing),
        ("GET /certificates/short", "", &nothing),
    ] {
        let kind = "InvalidRequestException";
        refused(&cloud, request, headers, body, 400, kind).await;
    }
    for request in ["GET /thing-types", "POST /tags", "PUT /things/a/jobs/$next"] {
        let kind = "UnknownOperationException";
        refused(&cloud, request, "", &nothing, 404, kind).await;
    }
    cloud.shutdown().await;
}
