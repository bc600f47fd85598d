//! The message that an error action receives.
//!
//! Source: AWS IoT developer guide, "Error handling (error action)".

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::broker::message::Message;

pub struct Failure {
    pub action: &'static str,
    pub resource: String,
    pub message: String,
}

/// One report of all failures of a rule for one message.
pub fn report(rule: &str, topic: &str, message: &Message, failures: &[Failure]) -> Vec<u8> {
    let failures: Vec<_> = failures
        .iter()
        .map(|f| {
            json!({
                "failedAction": f.action,
                "failedResource": f.resource,
                "errorMessage": f.message,
            })
        })
        .collect();
    let report = json!({
        "ruleName": rule,
        "topic": topic,
        "cloudwatchTraceId": uuid::Uuid::new_v4().to_string(),
        "clientId": message.origin.client.as_deref().unwrap_or("n/a"),
        "base64OriginalPayload": BASE64_STANDARD.encode(&message.payload),
        "failures": failures,
    });
    report.to_string().into_bytes()
}
