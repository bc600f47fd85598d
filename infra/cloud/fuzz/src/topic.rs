//! Topics: any text is accepted or refused, and matching agrees with a second implementation.
//!
//! An input holds a filter and a topic, separated by a zero byte.

use iot_topic::{
    basic_ingest, check_filter, check_topic, is_closed_to_subscribers, is_open_to_publishers,
    is_shadow_request, matches, shared,
};

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let mut parts = crate::parts(bytes, 2);
    let mut part = || String::from_utf8_lossy(parts.next().unwrap_or_default());
    let (filter, topic) = (part(), part());
    let has_wildcard = topic.contains(['+', '#']);

    if check_topic(&topic).is_ok() {
        assert!(!has_wildcard, "{topic:?} is not a topic");
        let is_shared = topic.starts_with("$share/");
        assert!(is_shared || check_filter(&topic).is_ok(), "{topic:?}");
    }
    if !has_wildcard {
        assert!(matches(&topic, &topic), "{topic:?} does not match itself");
    }
    let matched = matches(&filter, &topic);
    assert_eq!(
        matched,
        expected(&filter, &topic),
        "{filter:?} on {topic:?}"
    );
    assert_eq!(
        matches("#", &topic),
        !topic.starts_with('$'),
        "# on {topic:?}"
    );
    if matched && !topic.starts_with('$') {
        let (first, rest) = filter.split_once('/').unwrap_or((&filter, ""));
        if first != "#" && !rest.is_empty() {
            assert!(
                matches(&format!("+/{rest}"), &topic),
                "+/{rest} on {topic:?}"
            );
        }
    }
    if let Some((name, inner)) = shared(&filter) {
        assert_eq!(format!("$share/{name}/{inner}"), filter);
        // A shared subscription inside another one is a plain, closed filter.
        if !inner.starts_with("$share/") {
            let is_valid = check_filter(&filter).is_ok();
            assert!(!is_valid || check_filter(inner).is_ok(), "{inner:?}");
            let is_closed = is_closed_to_subscribers(&filter);
            assert_eq!(is_closed, is_closed_to_subscribers(inner), "{filter:?}");
        }
    }
    if let Some((rule, rest)) = basic_ingest(&topic) {
        assert!(
            topic.starts_with(&format!("$aws/rules/{rule}")),
            "{topic:?}"
        );
        assert!(topic.ends_with(rest) && !rule.contains('/'), "{topic:?}");
    }
    if is_shadow_request(&topic) {
        assert!(is_open_to_publishers(&topic, false), "{topic:?}");
        assert!(!is_open_to_publishers(&topic, true), "{topic:?} retained");
    }
    if is_open_to_publishers(&topic, true) {
        assert!(is_open_to_publishers(&topic, false), "{topic:?}");
    }
}

/// The same by recursion over the levels.
fn expected(filter: &str, topic: &str) -> bool {
    fn below(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            ([], []) => true,
            (["#", ..], [_, ..]) => true,
            ([level, filter @ ..], [name, topic @ ..]) => {
                (*level == "+" || level == name) && below(filter, topic)
            }
            _ => false,
        }
    }
    let is_hidden = topic.starts_with('$') && filter.starts_with(['+', '#']);
    let filter: Vec<&str> = filter.split('/').collect();
    let topic: Vec<&str> = topic.split('/').collect();
    !is_hidden && below(&filter, &topic)
}
