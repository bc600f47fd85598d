//! The timestamps in the messages that arrive, hidden or moved.
//!
//! Must not know: who reads them.

/// The member that holds a time in seconds.
const MEMBER: &[u8] = b"\"timestamp\"";

/// Renames each member that holds a time, so that no reader finds one.
pub fn hide(payload: &mut [u8]) {
    for at in 0..payload.len() {
        if payload[at..].starts_with(MEMBER) {
            payload[at + 1] = b'T';
        }
    }
}

/// The payload with each time moved by this many seconds.
pub fn shift(payload: &[u8], seconds: i64) -> Vec<u8> {
    let mut shifted = Vec::with_capacity(payload.len() + 8);
    let mut rest = payload;
    while !rest.is_empty() {
        let (number, after) = match rest.strip_prefix(MEMBER) {
            Some(value) => split_number(value),
            None => (None, rest),
        };
        if let Some((time, digits)) = number {
            shifted.extend_from_slice(&rest[..rest.len() - after.len() - digits]);
            let time = time.saturating_add_signed(seconds);
            shifted.extend_from_slice(time.to_string().as_bytes());
            rest = after;
        } else {
            shifted.push(rest[0]);
            rest = &rest[1..];
        }
    }
    shifted
}

/// The whole number after a colon, with the count of its digits, and what follows it.
fn split_number(value: &[u8]) -> (Option<(u64, usize)>, &[u8]) {
    let skipped = value
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace() || **byte == b':')
        .count();
    let digits = value[skipped..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let text = str::from_utf8(&value[skipped..skipped + digits]).unwrap_or_default();
    let number = text.parse().ok().map(|number| (number, digits));
    (number, &value[skipped + digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_timestamp_is_moved_and_nothing_else() {
        let payload = br#"{"timestamp":1763779520,"a":1763779520,"m":{"timestamp" : 7}}"#;
        let moved = r#"{"timestamp":1763779580,"a":1763779520,"m":{"timestamp" : 67}}"#;
        assert_eq!(String::from_utf8(shift(payload, 60)).unwrap(), moved);
        let moved = r#"{"timestamp":1763779513,"a":1763779520,"m":{"timestamp" : 0}}"#;
        assert_eq!(String::from_utf8(shift(payload, -7)).unwrap(), moved);
        for unchanged in [
            r#"{"timestamp":"x"}"#,
            r#"{"timestamp"#,
            "",
            "\"timestamp\"",
        ] {
            assert_eq!(shift(unchanged.as_bytes(), 60), unchanged.as_bytes());
        }
    }

    #[test]
    fn a_hidden_time_is_nowhere_in_a_message() {
        let mut payload =
            br#"{"timestamp":1,"state":{"timestamp":2},"clientToken":"timestamp"}"#.to_vec();
        hide(&mut payload);
        let expected = br#"{"Timestamp":1,"state":{"Timestamp":2},"clientToken":"Timestamp"}"#;
        assert_eq!(payload, expected);
    }
}
