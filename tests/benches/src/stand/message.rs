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
