//! Matches topics as the MQTT library does.

/// Whether a filter matches a topic. To this library `a/b/` and `a/b` are the same.
pub fn matches(filter: &str, topic: &str) -> bool {
    fn next<'a>(rest: &mut &'a str) -> &'a str {
        let (level, after) = rest.split_once('/').unwrap_or((rest, ""));
        *rest = after;
        level
    }
    let (mut filter, mut topic) = (filter, topic);
    if filter.is_empty() {
        return false;
    }
    loop {
        let (wanted, level) = (next(&mut filter), next(&mut topic));
        match wanted {
            "" if !level.is_empty() => return false,
            "" if filter.is_empty() => return topic.is_empty(),
            "" => {}
            "+" if level.is_empty() && topic.is_empty() => return false,
            "+" => {}
            "#" => return filter.is_empty(),
            wanted if wanted == level => {}
            _ => return false,
        }
    }
}
