//! What each request must be, and its answer.
//!
//! Must not know: who sent it, and in which order requests come.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use aws_sigv4_verify::{Claim, percent_decode};
use serde_json::{Value, json};

use super::table::Written;
use super::{Service, Shared, lock};
use crate::http::Request;

/// The credentials that every contender is given, and where it works.
pub const ACCESS_KEY_ID: &str = "AKIDEXAMPLE000000001";
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE";
pub const REGION: &str = "us-east-1";
pub const TABLE: &str = "remote-lock";

/// An answer with status 200.
pub struct Answer {
    /// The operation, for counting.
    pub call: String,
    pub body: Vec<u8>,
}

impl Shared {
    /// Checks a request and answers it.
    pub fn answer(&self, service: Service, request: &Request) -> Result<Answer> {
        if request.method == "GET" && request.path == "/ping" {
            let (call, body) = ("ping".to_owned(), b"healthy".to_vec());
            return Ok(Answer { call, body });
        }
        check_signature(service, request)?;
        let body: Value = serde_json::from_slice(&request.body)
            .with_context(|| format!("{} {}: not JSON", request.method, request.path))?;
        if service == Service::IotData {
            *lock(&self.published) = Some(Instant::now());
            self.check_publish(request, &body)?;
            let (call, body) = ("Publish".to_owned(), b"{}".to_vec());
            return Ok(Answer { call, body });
        }
        let target = request.header("x-amz-target");
        let call = target.strip_prefix("DynamoDB_20120810.");
        let call = call.with_context(|| format!("unknown target {target:?}"))?;
        let answer = match call {
            "GetItem" => {
                ensure!(body["TableName"] == TABLE, "GetItem: wrong table");
                ensure!(body["ConsistentRead"] == true, "GetItem: not consistent");
                json!({"Item": lock(&self.table).item(&body["Key"])?})
            }
            "TransactWriteItems" => {
                lock(&self.table).write(&body)?;
                json!({})
            }
            // A function states its settings for the operator, once in its life.
            "PutItem" if body["Item"]["pk"]["S"] == "deployment" => json!({}),
            _ => bail!("a press does not call {call}: {body}"),
        };
        let (call, body) = (call.to_owned(), answer.to_string().into_bytes());
        Ok(Answer { call, body })
    }

    /// The message must be the command that was just committed.
    fn check_publish(&self, request: &Request, command: &Value) -> Result<()> {
        let is_publish = request.method == "POST" && request.query.contains("qos=1");
        ensure!(is_publish, "publish: {} {}", request.method, request.query);
        let topic = percent_decode(&request.path);
        let topic = String::from_utf8(topic).context("publish: the topic is not UTF-8")?;
        let Written {
            lock: name,
            action,
            version,
        } = lock(&self.table).last_written()?;
        ensure!(
            topic == format!("/topics/remote-lock/{name}"),
            "publish to {topic}"
        );
        let is_committed = command["action"] == action && command["version"] == version;
        ensure!(
            is_committed,
            "published {command}, committed {action} {version}"
        );
        ensure!(
            command["commandId"].is_string(),
            "a command without an id: {command}"
        );
        Ok(())
    }
}

fn check_signature(service: Service, request: &Request) -> Result<()> {
    let (service, signing): (&str, &[&str]) = match service {
        Service::DynamoDb => ("dynamodb", &["dynamodb"]),
        Service::IotData => ("iotdata", &["iotdata", "iotdevicegateway"]),
    };
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let signed = aws_sigv4_verify::Request {
        method: &request.method,
        path: &request.path,
        query: &request.query,
        headers: &request.headers,
        body: &request.body,
    };
    let claim = Claim::read(&request.headers).with_context(|| format!("{service}: signature"))?;
    ensure!(claim.access_key_id == ACCESS_KEY_ID, "{service}: wrong key");
    let token = claim.session_token.as_deref();
    ensure!(
        token == Some(SESSION_TOKEN),
        "{service}: wrong session token"
    );
    claim.check(REGION, signing, now_s)?;
    claim.verify(&signed, SECRET_ACCESS_KEY)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_sigv4_verify::authorization;
    use http::HeaderValue;

    use super::*;

    /// A request to publish, signed as a client would.
    fn publish(topic: &str, action: &str) -> Request {
        let now = jiff::Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let command = json!({"action": action, "version": 5, "commandId": "c"});
        let mut request = Request {
            method: "POST".to_owned(),
            path: format!("/topics/{topic}"),
            query: "qos=1".to_owned(),
            body: command.to_string().into_bytes(),
            ..Request::default()
        };
        for (name, value) in [
            ("host", "127.0.0.1"),
            ("x-amz-date", now.as_str()),
            ("x-amz-security-token", SESSION_TOKEN),
        ] {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers.insert(name, value);
        }
        let to_sign = aws_sigv4_verify::Request {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: &request.body,
        };
        let keys = (ACCESS_KEY_ID, SECRET_ACCESS_KEY);
        let signed = authorization(&to_sign, keys, (REGION, "iotdata"));
        let signed = HeaderValue::from_str(&signed).unwrap();
        request.headers.insert("authorization", signed);
        request
    }

    #[test]
    fn only_the_committed_command_is_taken_and_only_with_its_signature() {
        let changed = |mut request: Request| {
            request.body.push(b' ');
            request
        };
        let cases = [
            (publish("remote-lock%2Flock-1", "unlock"), ""),
            (
                publish("remote-lock%2Flock-2", "unlock"),
                "publish to /topics/remote-lock/lock-2",
            ),
            (
                publish("remote-lock%2Flock-1", "lock"),
                "published {\"action\":\"lock\"",
            ),
            (
                changed(publish("remote-lock%2Flock-1", "unlock")),
                "The request signature",
            ),
            (Request::default(), "iotdata: signature"),
        ];
        for (request, wanted) in cases {
            let shared = Shared::default();
            lock(&shared.table).set_last("unlock", 5);
            let answer = shared.answer(Service::IotData, &request);
            match answer {
                Ok(answer) => assert_eq!((answer.call.as_str(), wanted), ("Publish", "")),
                Err(error) => {
                    let is_wanted = !wanted.is_empty() && error.to_string().starts_with(wanted);
                    assert!(is_wanted, "{error}");
                }
            }
        }
    }
}
