//! A mark: a comment line that names the behaviour of AWS that the test below it shows.
//!
//! Must not know: where marks are, or how they are published.

/// The areas, in the order of the page: name in a mark, heading.
pub const AREAS: &[(&str, &str)] = &[
    ("shadow", "Shadow"),
    ("broker", "Broker"),
    ("policy", "IoT policies"),
    ("data-plane", "Data plane"),
    ("control-plane", "Control plane"),
    ("jobs", "Jobs and fleet provisioning"),
    ("rules", "Rules"),
    ("template", "Template"),
    ("functions", "Functions"),
    ("iam", "IAM"),
    ("dynamodb", "DynamoDB"),
    ("schedule", "Schedule"),
    ("queue", "Queues and topics"),
    ("alarm", "Alarms and metrics"),
    ("stream", "Streams"),
    ("stack", "Stack"),
    ("faults", "Faults"),
];

/// How a behaviour compares with that of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// AWS and the local cloud do the same.
    Same,
    /// AWS does something else.
    Different,
    /// AWS has it, the local cloud does not.
    Absent,
    /// No source says what AWS does.
    Unknown,
}

impl Kind {
    /// The word for it in a mark and on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}

/// What a test shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// A behaviour, in a line.
    Behaviour {
        /// Comparison with AWS.
        kind: Kind,
        /// The behaviour, for a difference or an absence with what happens here.
        text: String,
    },
    /// Every case of this file that has no test of its own.
    Cases(String),
    /// The recorded case of this name.
    Case(String),
}

/// A claim about an area.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// One of [`AREAS`].
    pub area: &'static str,
    /// The claim that the test shows.
    pub claim: Claim,
}

impl Mark {
    /// Whether both are about the same behaviour of the same area, of whichever kind.
    pub fn is_same_as(&self, other: &Self) -> bool {
        match (&self.claim, &other.claim) {
            (Claim::Behaviour { text: ours, .. }, Claim::Behaviour { text: theirs, .. }) => {
                self.area == other.area && ours == theirs
            }
            _ => false,
        }
    }
}

/// The line of a mark with the lines below that continue it.
pub fn join<'a>(line: &str, below: impl Iterator<Item = &'a str>) -> String {
    let continued = below.map_while(|line| line.trim_start().strip_prefix("//     "));
    let is_mark = line.trim_start().starts_with("// AWS ");
    let parts = continued.take(if is_mark { usize::MAX } else { 0 });
    std::iter::once(line)
        .chain(parts)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The mark on this line, if any; an error if it looks like a mark but is malformed.
pub fn parse(line: &str) -> Option<Result<Mark, String>> {
    let comment = line.trim_start().strip_prefix("//")?;
    let rest = comment.trim_start_matches(['/', '!']).trim_start();
    let rest = rest.strip_prefix("AWS ")?;
    let end = rest.find(|c: char| !c.is_ascii_lowercase())?;
    let (word, rest) = rest.split_at(end);
    let kinds = ["same", "different", "absent", "unknown"];
    let is_known = kinds.contains(&word) || matches!(word, "cases" | "case");
    // Other comments may begin with AWS.
    if !is_known && !rest.starts_with('(') {
        return None;
    }
    if is_known && !rest.trim_start().starts_with(['(', ':']) {
        return None;
    }
    Some(claim(word, rest).and_then(|mark| {
        if comment.starts_with(' ') {
            Ok(mark)
        } else {
            Err("a mark is a plain comment: `// AWS …`".to_owned())
        }
    }))
}

fn claim(word: &str, rest: &str) -> Result<Mark, String> {
    let form = "a mark reads `// AWS same|different|absent|unknown(<area>): <behaviour>`";
    let parts = rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once("):"));
    let (area, text) = parts.ok_or(form)?;
    let known = AREAS.iter().find(|(name, _)| *name == area);
    let Some((area, _)) = known else {
        let names: Vec<&str> = AREAS.iter().map(|(name, _)| *name).collect();
        return Err(format!("unknown area {area:?}: one of {}", names.join(" ")));
    };
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(form.to_owned());
    }
    let behaviour = |kind| match kind {
        Kind::Different if !text.contains("; here ") => {
            Err("`different` says `<AWS does X>; here <Y>`")
        }
        Kind::Unknown if !text.contains("; here ") => {
            Err("`unknown` says `<what is not known, and who says what>; here <Y>`")
        }
        Kind::Absent if !text.contains("; ") => {
            Err("`absent` says `<what AWS has>; <the error here>`")
        }
        kind => Ok(Claim::Behaviour {
            kind,
            text: text.clone(),
        }),
    };
    let claim = match word {
        "same" => behaviour(Kind::Same)?,
        "different" => behaviour(Kind::Different)?,
        "absent" => behaviour(Kind::Absent)?,
        "unknown" => behaviour(Kind::Unknown)?,
        "cases" => Claim::Cases(text),
        "case" => Claim::Case(text),
        _ => return Err(form.to_owned()),
    };
    Ok(Mark { area, claim })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_comments_continue_a_mark_and_no_other_line() {
        let below = ["    //     c", "    // d"];
        let rows = [
            ("    // AWS same(shadow): b", "    // AWS same(shadow): b c"),
            ("    // b", "    // b"),
        ];
        for (line, joined) in rows {
            assert_eq!(join(line, below.into_iter()), joined);
        }
    }

    #[test]
    fn a_mark_is_distinguished_from_other_comments() {
        let rows = [
            ("// AWS same(shadow): a version grows", Some(Ok("same"))),
            (
                "    // AWS different(broker): AWS waits; here it does not",
                Some(Ok("different")),
            ),
            (
                "// AWS absent(rules): get_dynamodb(); refused when parsed",
                Some(Ok("absent")),
            ),
            (
                "// AWS keeps the old version for a template that names none.",
                None,
            ),
            ("// AWS same as before", None),
            (
                "let a = 1; // AWS same(shadow): a mark after code does not count",
                None,
            ),
            (
                "// AWS same(shadows): x",
                Some(Err("unknown area \"shadows\"")),
            ),
            ("// AWS sane(shadow): x", Some(Err("a mark reads"))),
            ("// AWS same: x", Some(Err("a mark reads"))),
            ("// AWS same (shadow): x", Some(Err("a mark reads"))),
            ("// AWS same(shadow):", Some(Err("a mark reads"))),
            (
                "/// AWS same(shadow): x",
                Some(Err("a mark is a plain comment")),
            ),
            (
                "// AWS different(shadow): AWS waits",
                Some(Err("`different` says")),
            ),
            ("// AWS absent(shadow): jobs", Some(Err("`absent` says"))),
            (
                "// AWS unknown(shadow): the order; here by time",
                Some(Ok("unknown")),
            ),
            (
                "// AWS unknown(shadow): the order",
                Some(Err("`unknown` says")),
            ),
        ];
        for (line, expected) in rows {
            match (parse(line), expected) {
                (None, None) => {}
                (Some(Ok(mark)), Some(Ok(word))) => match mark.claim {
                    Claim::Behaviour { kind, .. } => assert_eq!(kind.word(), word, "{line}"),
                    other => panic!("{line}: {other:?}"),
                },
                (Some(Err(error)), Some(Err(start))) => {
                    assert!(error.starts_with(start), "{line}: {error}");
                }
                (found, expected) => panic!("{line}: {found:?}, not {expected:?}"),
            }
        }
    }
}
