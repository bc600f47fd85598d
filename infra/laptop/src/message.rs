//! The newest published messages, as the console shows them.
//!
//! Must not know: what a message says, or who looks.

use std::collections::VecDeque;

use serde::Serialize;

/// Messages that are kept.
pub const MESSAGES_MAX: usize = 50;
/// Characters of a payload that are shown.
const SHOWN_MAX: usize = 2_000;

/// A published message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Its number, counted from 1.
    pub id: u64,
    /// When, in ms since 1970.
    pub at: u64,
    pub topic: String,
    /// The client; `None` for the cloud itself and for REST callers.
    pub client: Option<String>,
    pub qos: u8,
    /// Its payload as text; bytes that are not UTF-8 are replaced.
    pub payload: String,
    /// Whether the end of the payload is left out.
    pub cut: bool,
}

/// The newest messages, oldest first.
#[derive(Debug, Default)]
pub struct Messages {
    kept: VecDeque<Message>,
    seen: u64,
}

impl Messages {
    /// Keeps one more, and returns it.
    pub fn note(
        &mut self,
        at: u64,
        topic: &str,
        payload: &[u8],
        client: Option<&str>,
        qos: u8,
    ) -> &Message {
        self.seen += 1;
        if self.kept.len() == MESSAGES_MAX {
            self.kept.pop_front();
        }
        // A character has at most 4 bytes, and its replacement stands for 1 to 3.
        let begin = &payload[..payload.len().min(4 * (SHOWN_MAX + 1))];
        let text = String::from_utf8_lossy(begin);
        let end = text.char_indices().nth(SHOWN_MAX).map(|(end, _)| end);
        self.kept.push_back(Message {
            id: self.seen,
            at,
            topic: topic.to_owned(),
            client: client.map(str::to_owned),
            qos,
            payload: text[..end.unwrap_or(text.len())].to_owned(),
            cut: end.is_some(),
        });
        self.kept.back().expect("one was added")
    }

    /// The messages, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Message> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_fifty_are_kept_and_numbered() {
        let mut messages = Messages::default();
        for at in 1..=60 {
            messages.note(at, "a/b", b"{}", Some("c"), 1);
        }
        let kept: Vec<u64> = messages.all().map(|message| message.id).collect();
        assert_eq!(kept, (11..=60).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_payload_is_cut_between_characters_and_one_of_bytes_is_text() {
        let mut messages = Messages::default();
        let wide = "ü€😀".repeat(700);
        for (payload, shown, is_cut) in [
            ("a".repeat(2_000).into_bytes(), "a".repeat(2_000), false),
            ("a".repeat(2_001).into_bytes(), "a".repeat(2_000), true),
            (
                wide.clone().into_bytes(),
                wide.chars().take(2_000).collect(),
                true,
            ),
            ("😀".repeat(5_000).into_bytes(), "😀".repeat(2_000), true),
            (vec![b'a', 0xff, b'b'], "a\u{fffd}b".to_owned(), false),
            (vec![0xff; 9_000], "\u{fffd}".repeat(2_000), true),
        ] {
            let message = messages.note(7, "t", &payload, None, 0);
            assert_eq!((message.payload == shown, message.cut), (true, is_cut));
        }
    }
}
