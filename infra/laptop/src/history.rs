//! Histories as people want them: which events, and as a table for other programs.
//!
//! Must not know: the caller, or how events are stored.

use jiff::Timestamp;
use lock_aws::store::last_time;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::name::LockName;
use lock_core::time::UnixMillis;

/// The wishes of a person about events. Each one that is given must hold.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Not before this time.
    pub since: Option<UnixMillis>,
    /// Before this time.
    pub until: Option<UnixMillis>,
    /// Of the history of one of these locks, if there are any.
    pub locks: &'a [LockName],
    /// Of this button, by its serial or label, or of this person.
    pub who: Option<&'a str>,
    /// With this reason, as a code (`quiet-window`) or in words.
    pub reason: Option<&'a str>,
}

impl Filter<'_> {
    /// Whether it accepts every event.
    pub fn is_empty(&self) -> bool {
        self.since.is_none()
            && self.until.is_none()
            && self.locks.is_empty()
            && self.who.is_none()
            && self.reason.is_none()
    }

    /// Whether it accepts this event.
    pub fn accepts(&self, event: &Event, names: &Names) -> bool {
        let at = last_time(event);
        self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| event.at < until)
            && (self.locks.is_empty() || is_of(event, self.locks))
            && self.who.is_none_or(|who| is_by(event, names, who))
            && self.reason.is_none_or(|reason| has_reason(event, reason))
    }
}

fn is_of(event: &Event, locks: &[LockName]) -> bool {
    matches!(&event.subject, Subject::Lock(lock) if locks.contains(lock))
}

/// Whether the event is of this button, by its serial or label, or of this person.
fn is_by(event: &Event, names: &Names, who: &str) -> bool {
    let button = event.button.as_ref();
    let label = button.and_then(|button| names.of_button(button).label.as_ref());
    button.is_some_and(|button| button.as_str() == who)
        || label.is_some_and(|label| label.as_str() == who)
        || event.actor.as_deref() == Some(who)
        || event.principal.as_deref() == Some(who)
}

/// Whether the event has this reason, as a code (`quiet-window`) or in words.
fn has_reason(event: &Event, reason: &str) -> bool {
    event.reason.code() == reason || event.reason.text() == reason
}

/// The first line of a table of events.
const COLUMNS: &str = "at,subject,kind,decision,reason,who,text";

/// Events as comma-separated values (RFC 4180), the time in UTC.
pub fn table(events: &[Event], names: &Names) -> String {
    let row = |event: &Event| {
        let cells = [
            time(event.at),
            names.subject(&event.subject),
            event.kind.as_str().to_owned(),
            event.decision.as_str().to_owned(),
            event.reason.code().to_owned(),
            who(event, names),
            event.with_names(names).to_string(),
        ];
        cells.map(|text| cell(&text)).join(",")
    };
    let rows = events.iter().map(row);
    let lines = std::iter::once(COLUMNS.to_owned()).chain(rows);
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// The button, else the person by the word of the sender, else the proof of the sender.
fn who(event: &Event, names: &Names) -> String {
    let button = event.button.as_ref().map(|button| names.button(button));
    let asked_by = || event.actor.clone().or_else(|| event.principal.clone());
    button.or_else(asked_by).unwrap_or_default()
}

fn time(at: UnixMillis) -> String {
    let time = i64::try_from(at.0).ok();
    let time = time.and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    time.map_or_else(|| at.0.to_string(), |time| format!("{time:.3}"))
}

/// One cell. A spreadsheet would run a text that begins as a formula; an apostrophe keeps it text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{text}", if is_formula { "'" } else { "" });
    if text.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use lock_core::action::{ClickType, Intent};
    use lock_core::event::Kind;
    use lock_core::label::{Label, Labels};
    use lock_core::limits::Limits;
    use lock_core::name::ButtonSerial;
    use lock_core::reason::{Reason, Verdict};

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

    fn event(kind: Kind) -> Event {
        let lock = Subject::Lock(LockName::new("lock-1").expect("a name"));
        Event::new(lock, kind, NOW, "k".to_owned(), &Limits::default())
    }

    #[test]
    fn a_shared_event_counts_until_its_last_press() {
        let shared = Event {
            count: Some(2),
            last_at: Some(NOW.minus(1_000)),
            at: NOW.minus(600_000),
            ..event(Kind::Press)
        };
        let since = |ms| Filter {
            since: Some(NOW.minus(ms)),
            ..Filter::default()
        };
        assert!(since(2_000).accepts(&shared, &Names::default()));
        assert!(!since(500).accepts(&shared, &Names::default()));
    }

    #[test]
    fn a_table_has_one_line_for_each_event_and_runs_no_formula() {
        let button = ButtonSerial::new("button-1").expect("a name");
        let label = |text| Labels {
            label: Some(Label::new(text).expect("a label")),
            room: None,
        };
        let mut names = Names::default();
        names.insert(Subject::Button(button.clone()), label("=hall, \"left\""));
        let pressed = Event {
            button: Some(button),
            click: Some(ClickType::Single),
            ..event(Kind::Press).with_decision(Verdict::Ignored, Reason::QUIET_WINDOW)
        };
        let asked = Event {
            intent: Some(Intent::Lock),
            actor: Some("@SUM(1)\nx".to_owned()),
            ..event(Kind::Request).with_decision(Verdict::Ignored, Reason::DUPLICATE)
        };
        let rows = [
            COLUMNS,
            "2025-11-22T02:45:12.345Z,lock-1,press,ignored,quiet-window,\
             \"'=hall, \"\"left\"\" (button-1)\",\
             \"'=hall, \"\"left\"\" (button-1) SINGLE: ignored: quiet window\"",
            "2025-11-22T02:45:12.345Z,lock-1,request,ignored,duplicate,\"'@SUM(1)\nx\",\
             \"'@SUM(1)\nx requests lock: ignored: duplicate\"",
        ];
        let wanted = rows.map(|row| format!("{row}\r\n")).concat();
        assert_eq!(table(&[pressed, asked], &names), wanted);
    }

    #[test]
    fn only_a_text_that_begins_as_a_formula_gets_an_apostrophe() {
        for (text, wanted) in [
            ("", ""),
            ("a=1", "a=1"),
            ("=1", "'=1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@a", "'@a"),
            ("\ta", "'\ta"),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
        ] {
            assert_eq!(cell(text), wanted, "{text:?}");
        }
    }
}
