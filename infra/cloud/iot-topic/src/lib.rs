//! Topic names and filters of AWS IoT: validity, matching and reserved topics.
//!
#![doc = include_str!("../README.md")]
//!
//! The packet layer of a broker may accept wildcards and NUL in a topic, or `a#b` as a filter, so
//! nothing here relies on its checks.

/// Longest topic or filter, in bytes of UTF-8. Source: AWS IoT Core message broker quotas.
pub const TOPIC_BYTES_MAX: usize = 256;
/// Most slashes in a topic or filter, the prefix `$aws/rules/<rule>/` excluded.
pub const TOPIC_SLASHES_MAX: usize = 7;
const BASIC_INGEST_PREFIX: &str = "$aws/rules/";
const SHARE_PREFIX: &str = "$share/";
/// Longest name of a group. Source: AWS IoT Core developer guide, "MQTT", shared subscriptions.
const SHARE_NAME_CHARS_MAX: usize = 128;

/// Why a topic or filter is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// It is the empty string.
    #[error("topic is empty")]
    Empty,
    /// More than [`TOPIC_BYTES_MAX`] bytes.
    #[error("topic is longer than 256 bytes")]
    TooLong,
    /// More than [`TOPIC_SLASHES_MAX`] slashes.
    #[error("topic has more than 7 slashes")]
    TooDeep,
    /// A NUL or another control character.
    #[error("topic has a control character")]
    ControlCharacter,
    /// `+` or `#` in a topic name, or in the wrong position of a filter.
    #[error("topic has a misplaced wildcard")]
    Wildcard,
    /// `$share/` without a valid group name and a filter after it.
    #[error("shared subscription is not of the form $share/<name>/<filter>")]
    Share,
}

/// Checks a topic name, as a message carries it.
///
/// # Errors
///
/// The first [`TopicError`] that applies.
pub fn check_topic(topic: &str) -> Result<(), TopicError> {
    check_size(topic)?;
    if topic.contains(['+', '#']) {
        return Err(TopicError::Wildcard);
    }
    Ok(())
}

/// Checks a topic filter, as a subscription carries it.
///
/// # Errors
///
/// The first [`TopicError`] that applies.
pub fn check_filter(filter: &str) -> Result<(), TopicError> {
    let filter = match shared(filter) {
        Some((name, shared)) => {
            let is_name = !name.is_empty()
                && name.chars().count() <= SHARE_NAME_CHARS_MAX
                && !name.contains(['+', '#'])
                && !name.chars().any(char::is_control);
            if !is_name {
                return Err(TopicError::Share);
            }
            shared
        }
        None if filter.starts_with(SHARE_PREFIX) => return Err(TopicError::Share),
        None => filter,
    };
    check_size(filter)?;
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let well_placed = match level {
            "+" => true,
            "#" => levels.peek().is_none(),
            _ => !level.contains(['+', '#']),
        };
        if !well_placed {
            return Err(TopicError::Wildcard);
        }
    }
    Ok(())
}

fn check_size(topic: &str) -> Result<(), TopicError> {
    let counted = match basic_ingest(topic) {
        Some((_, rest)) => rest,
        None => topic,
    };
    if topic.is_empty() {
        Err(TopicError::Empty)
    } else if counted.len() > TOPIC_BYTES_MAX {
        Err(TopicError::TooLong)
    } else if counted.matches('/').count() > TOPIC_SLASHES_MAX {
        Err(TopicError::TooDeep)
    } else if topic.chars().any(char::is_control) {
        Err(TopicError::ControlCharacter)
    } else {
        Ok(())
    }
}

/// Whether `filter` matches `topic` by AWS's rules: `a/#` does not match `a`, and a leading
/// wildcard does not match a topic that begins with `$`.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut wanted = filter.split('/');
    let mut given = topic.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (Some("#"), Some(_)) => return true,
            (Some("+"), Some(_)) => {}
            (Some(w), Some(g)) if w == g => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Whether a client may publish to this topic at all. Of the topics that begin with `$`, requests
/// to a service and rules accept messages, but no retained ones.
pub fn is_open_to_publishers(name: &str, retain: bool) -> bool {
    let is_request =
        || is_shadow_request(name) || is_job_request(name) || is_provisioning_request(name);
    !name.starts_with('$') || (!retain && (is_request() || basic_ingest(name).is_some()))
}

/// Whether a message on this topic is a request to the jobs service.
/// Source: AWS IoT Core developer guide, reserved topics, "Job topics".
pub fn is_job_request(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("$aws/things/") else {
        return false;
    };
    let levels: Vec<&str> = rest.split('/').collect();
    matches!(
        levels.as_slice(),
        [_, "jobs", "get" | "start-next"] | [_, "jobs", _, "get" | "update"]
    )
}

/// Whether a message on this topic is a request to the fleet provisioning service, in JSON or CBOR.
/// Source: AWS IoT Core developer guide, "Device provisioning MQTT API".
pub fn is_provisioning_request(name: &str) -> bool {
    let levels: Vec<&str> = name.split('/').collect();
    let form = match levels.as_slice() {
        ["$aws", "certificates", "create" | "create-from-csr", form]
        | ["$aws", "provisioning-templates", _, "provision", form] => *form,
        _ => return false,
    };
    matches!(form, "json" | "cbor")
}

/// Whether a message on this topic is a request to the shadow service.
pub fn is_shadow_request(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("$aws/things/") else {
        return false;
    };
    let levels: Vec<&str> = rest.split('/').collect();
    matches!(
        levels.as_slice(),
        [_, "shadow", "get" | "update" | "delete"]
            | [_, "shadow", "name", _, "get" | "update" | "delete"]
    )
}

/// Splits `$aws/rules/<rule>/<topic…>` into rule and topic; the topic may be empty.
pub fn basic_ingest(topic: &str) -> Option<(&str, &str)> {
    let rest = topic.strip_prefix(BASIC_INGEST_PREFIX)?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Splits `$share/<name>/<filter>` into name and filter.
pub fn shared(filter: &str) -> Option<(&str, &str)> {
    filter.strip_prefix(SHARE_PREFIX)?.split_once('/')
}

/// Whether a filter begins with `$` and AWS offers no such topics.
pub fn is_closed_to_subscribers(filter: &str) -> bool {
    let filter = shared(filter).map_or(filter, |(_, filter)| filter);
    filter.starts_with('$') && (!filter.starts_with("$aws/") || basic_ingest(filter).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    // AWS same(broker): a/# matches everything below a but not a; a leading wildcard does not match
    //     topics that begin with $
    #[test]
    fn filters_match_as_in_aws() {
        let rows: &[(&str, &str, bool)] = &[
            ("a/b", "a/b", true),
            ("a/b", "a/c", false),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("a/+", "a", false),
            ("a/+/c", "a/b/c", true),
            ("a/#", "a/b", true),
            ("a/#", "a/b/c", true),
            ("a/#", "a/", true),
            ("a/#", "a", false), // the MQTT standard says true
            ("#", "a/b", true),
            ("#", "$aws/x", false),
            ("+/x", "$aws/x", false),
            ("$aws/#", "$aws/x", true),
            ("+/+", "/a", true),
            ("+", "/a", false),
            ("A", "a", false),
        ];
        for (filter, topic, expected) in rows {
            assert_eq!(matches(filter, topic), *expected, "{filter} on {topic}");
        }
    }

    #[test]
    fn requests_to_services_are_open_and_their_answers_are_not() {
        for (topic, is_open) in [
            ("$aws/things/t/jobs/get", true),
            ("$aws/things/t/jobs/start-next", true),
            ("$aws/things/t/jobs/$next/get", true),
            ("$aws/things/t/jobs/j/update", true),
            ("$aws/things/t/jobs/j/update/accepted", false),
            ("$aws/things/t/jobs/notify", false),
            ("$aws/certificates/create/json", true),
            ("$aws/certificates/create-from-csr/cbor", true),
            ("$aws/certificates/create/xml", false),
            ("$aws/certificates/create/json/accepted", false),
            ("$aws/provisioning-templates/p/provision/json", true),
            (
                "$aws/provisioning-templates/p/provision/json/rejected",
                false,
            ),
            ("$aws/things/t/defender/metrics/json", false),
            ("$aws/things/t/streams/s/get/json", false),
        ] {
            assert_eq!(is_open_to_publishers(topic, false), is_open, "{topic}");
            assert!(!is_open_to_publishers(topic, true), "{topic} retained");
        }
    }

    #[test]
    fn malformed_topics_are_refused() {
        let long = "t".repeat(257);
        let rows: &[(&str, Result<(), TopicError>)] = &[
            ("a", Ok(())),
            ("", Err(TopicError::Empty)),
            ("a/+", Err(TopicError::Wildcard)),
            ("a#", Err(TopicError::Wildcard)),
            ("a\0b", Err(TopicError::ControlCharacter)),
            ("1/2/3/4/5/6/7/8", Ok(())),
            ("1/2/3/4/5/6/7/8/9", Err(TopicError::TooDeep)),
            ("$aws/rules/r/1/2/3/4/5/6/7/8", Ok(())),
            (&long, Err(TopicError::TooLong)),
        ];
        for (topic, expected) in rows {
            assert_eq!(check_topic(topic), *expected, "{topic}");
        }
    }

    #[test]
    fn malformed_filters_are_refused() {
        let rows: &[(&str, Result<(), TopicError>)] = &[
            ("a/+/b/#", Ok(())),
            ("#", Ok(())),
            ("a#b", Err(TopicError::Wildcard)),
            ("a/#/b", Err(TopicError::Wildcard)),
            ("a+/b", Err(TopicError::Wildcard)),
            ("", Err(TopicError::Empty)),
            ("$share/g/a/+", Ok(())),
            ("$share/g/1/2/3/4/5/6/7/8", Ok(())),
            ("$share/g/1/2/3/4/5/6/7/8/9", Err(TopicError::TooDeep)),
            ("$share/g", Err(TopicError::Share)),
            ("$share//a", Err(TopicError::Share)),
            ("$share/+/a", Err(TopicError::Share)),
            ("$share/g/", Err(TopicError::Empty)),
        ];
        for (filter, expected) in rows {
            assert_eq!(check_filter(filter), *expected, "{filter}");
        }
    }
}
