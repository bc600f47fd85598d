//! The action `Republish`: publishes the output of a statement to a topic.
//!
//! Must not know: the statement.

use mqtt_protocol_core::mqtt::packet::Qos;

use super::Engine;
use super::header::Resolved;
use crate::broker::message::{Message, Origin};

/// How many rules in a row may republish a message. AWS has no limit: a rule that selects its own
/// output runs forever.
const REPUBLISHED_MAX: u8 = 100;

/// Republishes a message, at most `REPUBLISHED_MAX` times in a row.
pub(super) fn republish(
    engine: &Engine,
    message: &Message,
    topic: String,
    output: &[u8],
    qos: Qos,
    headers: Resolved,
) -> Result<(), String> {
    let republished = message.origin.republished + 1;
    if republished > REPUBLISHED_MAX {
        return Err(format!(
            "rules republished this message {REPUBLISHED_MAX} times in a row and it ends here; \
             AWS would continue forever: change the rules so that none selects its own output"
        ));
    }
    let now_ms = engine.services.clock.now_ms();
    engine.services.broker.publish(Message {
        topic,
        payload: output.to_vec().into(),
        qos,
        retain: false,
        expires_at_ms: headers
            .expiry_s
            .map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1000))),
        properties: headers.properties,
        origin: Origin {
            republished,
            ..Origin::default()
        },
        is_will: false,
    });
    Ok(())
}

/// Refuses topics that AWS does not republish to.
pub fn check_target(topic: &str) -> Result<(), String> {
    iot_topic::check_topic(topic).map_err(|e| format!("topic {topic:?}: {e}"))?;
    let levels: Vec<&str> = topic.split('/').collect();
    match levels.as_slice() {
        ["$aws", "things", _, "jobs", ..] => Err(format!(
            "topic {topic:?}: AWS does not republish to the topics of jobs"
        )),
        _ => Ok(()),
    }
}
