//! Checks the rights that each call of the IoT control plane, Lambda and SQS needs.
//!
//! Source: service authorization reference, "Actions, resources, and condition keys" for AWS IoT,
//! AWS Lambda and Amazon SQS; the SDKs' service model for methods and paths.
//!
//! Must not know: what the operations do.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{Iam, Need};
use crate::account::Account;
use crate::answer::{ApiError, aws_json_error};
use crate::caller::Caller;
use crate::guard::Service;
use aws_sigv4_verify::percent_decode;

/// Largest body; the guard in front read it whole.
const BODY_BYTES_MAX: usize = 16 << 20;

/// Puts the check in front of the router of a service. The signature was verified before.
pub fn permitted(router: Router, service: Service, iam: Iam) -> Router {
    router.layer(middleware::from_fn_with_state((service, iam), check))
}

async fn check(
    State((service, iam)): State<(Service, Iam)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return ApiError::unknown_key().into_response();
    };
    if caller.is_operator() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return refusal(service, "the body ended early");
    };
    let account = &iam.inner.account;
    let needs = match service {
        Service::Iot => iot_all(&parts, &body, account),
        Service::Lambda => lambda(&parts, account).map(|need| vec![need]),
        Service::Sqs => sqs(&parts, &body, account).map(|need| vec![need]),
        // These check the rights themselves.
        Service::IotData
        | Service::DynamoDb
        | Service::Sns
        | Service::CloudFormation
        | Service::CloudWatch
        | Service::MqttOverWebSocket => None,
    };
    let Some(needs) = needs else {
        // Unknown to this table. If the service learns the operation first, only the operator may
        // call it.
        let (method, path) = (&parts.method, parts.uri.path());
        let message = format!("the rights for {method} {path} are not known");
        return refusal(service, &message);
    };
    match iam.check(&caller, &needs) {
        Ok(()) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(denial) => refusal(service, &denial.to_string()),
    }
}

fn refusal(service: Service, message: &str) -> Response {
    match service {
        Service::Sqs => {
            let kind = "com.amazon.coral.service#AccessDeniedException";
            aws_json_error(kind, "Message", message)
        }
        _ => ApiError::new(403, "AccessDeniedException", message).into_response(),
    }
}

/// The rights that an operation of the IoT control plane needs: on a group and a thing for a change
/// of a group's things, otherwise one.
fn iot_all(parts: &Parts, body: &[u8], account: &Account) -> Option<Vec<Need>> {
    let call = parts.uri.path().strip_prefix("/thing-groups/");
    let action = match (parts.method.as_str(), call) {
        ("PUT", Some("addThingToThingGroup")) => "iot:AddThingToThingGroup",
        ("PUT", Some("removeThingFromThingGroup")) => "iot:RemoveThingFromThingGroup",
        _ => return iot(parts, body, account).map(|need| vec![need]),
    };
    let body: Value = serde_json::from_slice(body).ok()?;
    let name = |name: &str, arn: &str| {
        let of_arn = || body[arn].as_str()?.rsplit('/').next();
        body[name].as_str().or_else(of_arn)
    };
    let group = name("thingGroupName", "thingGroupArn")?;
    let thing = name("thingName", "thingArn")?;
    let on = |resource: String| Need::new(action, account.arn("iot", resource));
    Some(vec![
        on(format!("thing/{thing}")),
        on(format!("thinggroup/{group}")),
    ])
}

/// The right that an operation of the IoT control plane needs.
fn iot(parts: &Parts, body: &[u8], account: &Account) -> Option<Need> {
    let segments = segments(parts);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let arn = |path: String| account.arn("iot", path);
    let any = || "*".to_owned();
    let thing = |name: &str| arn(format!("thing/{name}"));
    let thing_type = |name: &str| arn(format!("thingtype/{name}"));
    let group = |name: &str| arn(format!("thinggroup/{name}"));
    let policy = |name: &str| arn(format!("policy/{name}"));
    let certificate = |id: &str| arn(format!("cert/{id}"));
    let rule = |name: &str| arn(format!("rule/{name}"));
    // Who gets or loses a policy: in the body, or in a header of the older operations.
    let target = || {
        serde_json::from_slice::<Value>(body).ok()?["target"]
            .as_str()
            .map(str::to_owned)
    };
    let principal = || {
        parts
            .headers
            .get("x-amzn-iot-principal")?
            .to_str()
            .ok()
            .map(str::to_owned)
    };
    let (action, resource) = match (parts.method.as_str(), segments.as_slice()) {
        ("GET", ["endpoint"]) => ("DescribeEndpoint", any()),
        ("POST", ["thing-types", name]) => ("CreateThingType", thing_type(name)),
        ("GET", ["thing-types", name]) => ("DescribeThingType", thing_type(name)),
        ("POST", ["thing-groups", name]) => ("CreateThingGroup", group(name)),
        ("GET", ["thing-groups", name]) => ("DescribeThingGroup", group(name)),
        ("GET", ["thing-groups", name, "things"]) => ("ListThingsInThingGroup", group(name)),
        ("GET", ["things", name, "thing-groups"]) => ("ListThingGroupsForThing", thing(name)),
        ("GET", ["things"]) => ("ListThings", any()),
        ("POST", ["things", name]) => ("CreateThing", thing(name)),
        ("GET", ["things", name]) => ("DescribeThing", thing(name)),
        ("PATCH", ["things", name]) => ("UpdateThing", thing(name)),
        ("DELETE", ["things", name]) => ("DeleteThing", thing(name)),
        ("PUT", ["things", _, "principals"]) => ("AttachThingPrincipal", any()),
        ("DELETE", ["things", _, "principals"]) => ("DetachThingPrincipal", any()),
        ("GET", ["things", name, "principals"]) => ("ListThingPrincipals", thing(name)),
        ("GET", ["things", name, "principals-v2"]) => ("ListThingPrincipalsV2", thing(name)),
        ("GET", ["principals", "things"]) => ("ListPrincipalThings", any()),
        ("POST", ["keys-and-certificate"]) => ("CreateKeysAndCertificate", any()),
        ("POST", ["certificates"]) => ("CreateCertificateFromCsr", any()),
        ("GET", ["certificates"]) => ("ListCertificates", any()),
        ("GET", ["certificates", id]) => ("DescribeCertificate", certificate(id)),
        ("PUT", ["certificates", id]) => ("UpdateCertificate", certificate(id)),
        ("DELETE", ["certificates", id]) => ("DeleteCertificate", certificate(id)),
        ("GET", ["policies"]) => ("ListPolicies", any()),
        ("POST", ["policies", name]) => ("CreatePolicy", policy(name)),
        ("GET", ["policies", name]) => ("GetPolicy", policy(name)),
        ("DELETE", ["policies", name]) => ("DeletePolicy", policy(name)),
        ("POST", ["policies", name, "version"]) => ("CreatePolicyVersion", policy(name)),
        ("GET", ["policies", name, "version"]) => ("ListPolicyVersions", policy(name)),
        ("GET", ["policies", name, "version", _]) => ("GetPolicyVersion", policy(name)),
        ("PATCH", ["policies", name, "version", _]) => ("SetDefaultPolicyVersion", policy(name)),
        ("DELETE", ["policies", name, "version", _]) => ("DeletePolicyVersion", policy(name)),
        ("PUT", ["target-policies", _]) => ("AttachPolicy", target()?),
        ("POST", ["target-policies", _]) => ("DetachPolicy", target()?),
        ("POST", ["attached-policies", target]) => ("ListAttachedPolicies", (*target).to_owned()),
        ("POST", ["policy-targets", name]) => ("ListTargetsForPolicy", policy(name)),
        ("PUT", ["principal-policies", _]) => ("AttachPrincipalPolicy", principal()?),
        ("DELETE", ["principal-policies", _]) => ("DetachPrincipalPolicy", principal()?),
        ("GET", ["principal-policies"]) => ("ListPrincipalPolicies", any()),
        ("GET", ["policy-principals"]) => ("ListPolicyPrincipals", any()),
        ("GET", ["rules"]) => ("ListTopicRules", any()),
        ("GET", ["rules", name]) => ("GetTopicRule", rule(name)),
        ("POST", ["rules", name, "enable"]) => ("EnableTopicRule", rule(name)),
        ("POST", ["rules", name, "disable"]) => ("DisableTopicRule", rule(name)),
        (method, segments) => return super::fleet::need(method, segments, arn),
    };
    Some(Need::new(format!("iot:{action}"), resource))
}

/// The right that an operation of Lambda needs, on the function with the qualifier that the call
/// names.
fn lambda(parts: &Parts, account: &Account) -> Option<Need> {
    let segments = segments(parts);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (action, name) = match (parts.method.as_str(), segments.as_slice()) {
        ("POST", [_, "functions", name, "invocations"]) => ("InvokeFunction", *name),
        ("GET", [_, "functions", name, "configuration"]) => ("GetFunctionConfiguration", *name),
        ("GET", [_, "functions", name, "aliases", _]) => ("GetAlias", *name),
        ("GET", [_, "functions", name, "policy"]) => ("GetPolicy", *name),
        _ => return None,
    };
    let mut arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        account.arn("lambda", format!("function:{name}"))
    };
    let query = parts.uri.query().unwrap_or_default().split('&');
    let qualifier = query
        .filter_map(|pair| pair.strip_prefix("Qualifier="))
        .next();
    if let Some(qualifier) = qualifier.filter(|qualifier| !qualifier.is_empty()) {
        arn = format!("{arn}:{}", text(qualifier));
    }
    Some(Need::new(format!("lambda:{action}"), arn))
}

/// The right that an operation of SQS needs, on the queue in its body.
fn sqs(parts: &Parts, body: &Bytes, account: &Account) -> Option<Need> {
    let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
    let operation = target.strip_prefix("AmazonSQS.")?;
    if operation == "ListQueues" {
        return Some(Need::new("sqs:ListQueues", "*"));
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    let queue = body["QueueUrl"].as_str().or(body["QueueName"].as_str())?;
    let name = queue.rsplit('/').next().unwrap_or_default();
    Some(Need::new(
        format!("sqs:{operation}"),
        account.arn("sqs", name),
    ))
}

fn segments(parts: &Parts) -> Vec<String> {
    parts.uri.path().split('/').skip(1).map(text).collect()
}

fn text(encoded: &str) -> String {
    String::from_utf8_lossy(&percent_decode(encoded)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(service: Service, line: &str, header: (&str, &str), body: &str) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(header.0, header.1);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let account = Account {
            id: "1".to_owned(),
            region: "r".to_owned(),
        };
        let body = Bytes::from(body.to_owned());
        let need = match service {
            Service::Iot => iot_all(&parts, &body, &account),
            Service::Lambda => lambda(&parts, &account).map(|need| vec![need]),
            _ => sqs(&parts, &body, &account).map(|need| vec![need]),
        };
        need.map_or("none".to_owned(), |needs| {
            let needs = needs.iter();
            let texts = needs.map(|need| format!("{} {}", need.action, need.resource));
            texts.collect::<Vec<_>>().join(", ")
        })
    }

    // AWS same(iam): each operation of the IoT control plane, Lambda and SQS needs the action of
    //     its name on its thing, policy, certificate, rule, function with qualifier, or queue
    #[test]
    fn operations_need_the_rights_that_aws_names() {
        use Service::{Iot, Lambda, Sqs};
        let none = ("a", "b");
        let send = ("x-amz-target", "AmazonSQS.SendMessage");
        let list = ("x-amz-target", "AmazonSQS.ListQueues");
        let principal = ("x-amzn-iot-principal", "arn:c");
        let queue = r#"{"QueueUrl":"https://sqs.r.amazonaws.com/1/q"}"#;
        let member = r#"{"thingGroupName":"g","thingName":"t"}"#;
        let invoke = "/2015-03-31/functions";
        for (service, line, header, body, expected) in [
            (Iot, "GET /endpoint", none, "", "iot:DescribeEndpoint *"),
            (
                Iot,
                "POST /things/a%3Ab",
                none,
                "",
                "iot:CreateThing arn:aws:iot:r:1:thing/a:b",
            ),
            (
                Iot,
                "PUT /things/a/principals",
                none,
                "",
                "iot:AttachThingPrincipal *",
            ),
            (
                Iot,
                "PUT /target-policies/p",
                none,
                r#"{"target":"arn:c"}"#,
                "iot:AttachPolicy arn:c",
            ),
            (Iot, "PUT /target-policies/p", none, "", "none"),
            (
                Iot,
                "PUT /thing-groups/addThingToThingGroup",
                none,
                member,
                "iot:AddThingToThingGroup arn:aws:iot:r:1:thing/t, \
                 iot:AddThingToThingGroup arn:aws:iot:r:1:thinggroup/g",
            ),
            (
                Iot,
                "POST /thing-types/t",
                none,
                "",
                "iot:CreateThingType arn:aws:iot:r:1:thingtype/t",
            ),
            (
                Iot,
                "PUT /principal-policies/p",
                principal,
                "",
                "iot:AttachPrincipalPolicy arn:c",
            ),
            (
                Iot,
                "PUT /certificates/c?newStatus=INACTIVE",
                none,
                "",
                "iot:UpdateCertificate arn:aws:iot:r:1:cert/c",
            ),
            (
                Iot,
                "GET /policies/p",
                none,
                "",
                "iot:GetPolicy arn:aws:iot:r:1:policy/p",
            ),
            (
                Iot,
                "POST /rules/x_y/disable",
                none,
                "",
                "iot:DisableTopicRule arn:aws:iot:r:1:rule/x_y",
            ),
            (Iot, "DELETE /rules/x_y", none, "", "none"),
            (
                Lambda,
                &format!("POST {invoke}/f/invocations"),
                none,
                "",
                "lambda:InvokeFunction arn:aws:lambda:r:1:function:f",
            ),
            (
                Lambda,
                &format!("POST {invoke}/f/invocations?Qualifier=live"),
                none,
                "",
                "lambda:InvokeFunction arn:aws:lambda:r:1:function:f:live",
            ),
            (
                Lambda,
                &format!("POST {invoke}/arn%3Aaws%3Ax%3Alive/invocations"),
                none,
                "",
                "lambda:InvokeFunction arn:aws:x:live",
            ),
            (Lambda, "GET /2015-03-31/functions", none, "", "none"),
            (
                Lambda,
                &format!("GET {invoke}/f/configuration?Qualifier=live"),
                none,
                "",
                "lambda:GetFunctionConfiguration arn:aws:lambda:r:1:function:f:live",
            ),
            (
                Lambda,
                &format!("GET {invoke}/f/aliases/live"),
                none,
                "",
                "lambda:GetAlias arn:aws:lambda:r:1:function:f",
            ),
            (
                Lambda,
                &format!("GET {invoke}/f/policy"),
                none,
                "",
                "lambda:GetPolicy arn:aws:lambda:r:1:function:f",
            ),
            (
                Sqs,
                "POST /",
                send,
                queue,
                "sqs:SendMessage arn:aws:sqs:r:1:q",
            ),
            (Sqs, "POST /", list, "{}", "sqs:ListQueues *"),
            (Sqs, "POST /", send, "{}", "none"),
        ] {
            assert_eq!(needed(service, line, header, body), expected, "{line}");
        }
    }
}
