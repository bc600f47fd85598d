//! Checks the rights that each operation of the IoT data plane needs.
//!
//! Source: AWS IoT Core developer guide, "AWS IoT Core policy actions" and "action resources"; the
//! SDKs' service model for methods and paths.
//!
//! Must not know: what the operations do.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use super::{Iam, Need};
use crate::answer::ApiError;
use crate::caller::Caller;
use aws_sigv4_verify::percent_decode;

/// Puts the check in front of `router`. The signature was verified before.
pub fn authorised(router: Router, iam: Iam) -> Router {
    router.layer(middleware::from_fn_with_state(iam, check))
}

async fn check(State(iam): State<Iam>, request: Request, next: Next) -> Response {
    let forbidden = |message: &str| ApiError::new(403, "ForbiddenException", message);
    let Some(caller) = request.extensions().get::<Caller>() else {
        return forbidden("the request is not signed").into_response();
    };
    let (method, uri) = (request.method().as_str(), request.uri());
    let arn = |path: String| iam.inner.account.arn("iot", path);
    match needs(method, uri.path(), uri.query().unwrap_or_default(), arn) {
        Some(needs) => {
            if let Err(denial) = iam.check(caller, &needs) {
                return forbidden(&denial.to_string()).into_response();
            }
        }
        // Unknown to this table. If the service learns the operation first, only the operator may
        // call it.
        None if !caller.is_operator() => {
            let message = format!("the rights for {method} {} are not known", uri.path());
            return forbidden(&message).into_response();
        }
        None => {}
    }
    next.run(request).await
}

/// The rights that an operation needs; `None` if there is no such operation.
fn needs(
    method: &str,
    path: &str,
    query: &str,
    arn: impl Fn(String) -> String,
) -> Option<Vec<Need>> {
    let segments: Vec<String> = path.split('/').skip(1).map(text).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| text(key) == name)
            .map(|(_, value)| text(value))
    };
    let one = |action: &str, path: String| Some(vec![Need::new(action, arn(path))]);
    match (method, segments.as_slice()) {
        ("POST", ["topics", topic @ ..]) if !topic.is_empty() => {
            let topic = arn(format!("topic/{}", topic.join("/")));
            let mut needs = vec![Need::new("iot:Publish", topic.clone())];
            if parameter("retain").is_some_and(|value| value == "true") {
                needs.push(Need::new("iot:RetainPublish", topic));
            }
            Some(needs)
        }
        (_, ["things", thing, "shadow"]) => {
            let action = match method {
                "GET" => "iot:GetThingShadow",
                "POST" => "iot:UpdateThingShadow",
                "DELETE" => "iot:DeleteThingShadow",
                _ => return None,
            };
            match parameter("name").filter(|name| !name.is_empty()) {
                Some(name) => one(action, format!("thing/{thing}/{name}")),
                None => one(action, format!("thing/{thing}")),
            }
        }
        ("GET", ["api", "things", "shadow", "ListNamedShadowsForThing", _]) => {
            Some(vec![Need::new("iot:ListNamedShadowsForThing", "*")])
        }
        ("GET", ["retainedMessage"]) => Some(vec![Need::new("iot:ListRetainedMessages", "*")]),
        ("GET", ["retainedMessage", topic @ ..]) => one(
            "iot:GetRetainedMessage",
            format!("topic/{}", topic.join("/")),
        ),
        ("DELETE", ["connections", client]) => {
            one("iot:DeleteConnection", format!("client/{client}"))
        }
        ("GET", ["connections", client]) => one("iot:GetConnection", format!("client/{client}")),
        ("GET", ["connections", client, "subscriptions"]) => {
            one("iot:ListSubscriptions", format!("client/{client}"))
        }
        ("POST", ["connections", client, "messages"]) => {
            one("iot:SendDirectMessage", format!("client/{client}"))
        }
        _ => None,
    }
}

fn text(encoded: &str) -> String {
    String::from_utf8_lossy(&percent_decode(encoded)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    // AWS same(iam): each operation of the data plane needs the action of its name on its topic,
    //     thing or client
    #[test]
    fn operations_need_the_rights_that_aws_names() {
        let rows = [
            ("POST", "/topics/a%2Fb?qos=1", "iot:Publish topic/a/b"),
            ("POST", "/topics/a/b?retain=false", "iot:Publish topic/a/b"),
            (
                "POST",
                "/topics/a?retain=true",
                "iot:Publish topic/a, iot:RetainPublish topic/a",
            ),
            (
                "POST",
                "/topics/a?%72etain=%74rue",
                "iot:Publish topic/a, iot:RetainPublish topic/a",
            ),
            ("GET", "/things/t/shadow", "iot:GetThingShadow thing/t"),
            (
                "POST",
                "/things/t/shadow?name=n",
                "iot:UpdateThingShadow thing/t/n",
            ),
            (
                "DELETE",
                "/things/a%3Ab/shadow?name=",
                "iot:DeleteThingShadow thing/a:b",
            ),
            ("PUT", "/things/t/shadow", "none"),
            (
                "GET",
                "/api/things/shadow/ListNamedShadowsForThing/t",
                "iot:ListNamedShadowsForThing *",
            ),
            ("GET", "/retainedMessage", "iot:ListRetainedMessages *"),
            (
                "GET",
                "/retainedMessage/a%2Fb",
                "iot:GetRetainedMessage topic/a/b",
            ),
            ("DELETE", "/connections/c", "iot:DeleteConnection client/c"),
            ("GET", "/connections/c", "iot:GetConnection client/c"),
            (
                "GET",
                "/connections/c/subscriptions",
                "iot:ListSubscriptions client/c",
            ),
            (
                "POST",
                "/connections/c/messages?topic=a",
                "iot:SendDirectMessage client/c",
            ),
            ("POST", "/topics", "none"),
            ("GET", "/", "none"),
        ];
        for (method, target, expected) in rows {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let found = needs(method, path, query, |path| path);
            let found = found.map_or("none".to_owned(), |needs| {
                let needs = needs.iter().map(|n| format!("{} {}", n.action, n.resource));
                needs.collect::<Vec<_>>().join(", ")
            });
            assert_eq!(found, expected, "{method} {target}");
        }
    }
}
