//! Whether an output is the one that the document shows. Times, ages, versions and ids may differ.
//!
//! Must not know: what the lines say.

/// Units after which a number is an age or a duration.
const UNITS: [&str; 5] = ["ms", "s", "min", "h", "days"];
/// Marks around a word.
const MARKS: [char; 10] = ['(', ')', '[', ']', '`', '"', ',', ';', ':', '.'];
/// Shortest run of digits or hexadecimal digits that is a version or an id.
const ID_LENGTH: usize = 8;

/// Whether `shown` is `actual`. A line `…` of the document is any number of lines.
pub fn is_same(shown: &[String], actual: &[String]) -> bool {
    match shown.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=actual.len()).any(|skipped| is_same(rest, &actual[skipped..]))
        }
        Some((first, rest)) => actual
            .split_first()
            .is_some_and(|(line, others)| mask(first) == mask(line) && is_same(rest, others)),
    }
}

/// The words of a line, with fixed words for what differs from run to run.
fn mask(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in line.split_whitespace() {
        let is_unit = UNITS.contains(&word.trim_matches(MARKS));
        if let Some(last) = words.last_mut().filter(|_| is_unit)
            && is_number(last.trim_start_matches(MARKS))
        {
            *last = format!("<span>{}", after(word));
        } else {
            words.push(mask_word(word));
        }
    }
    words
}

/// The marks at the end of a word.
fn after(word: &str) -> &str {
    &word[word.trim_end_matches(MARKS).len()..]
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

fn mask_word(word: &str) -> String {
    let parts: Vec<&str> = word.split('/').map(mask_part).collect();
    parts.join("/") + after(word)
}

fn mask_part(part: &str) -> &str {
    let bare = part.trim_matches(MARKS);
    let has = |c: char| bare.contains(c);
    let is_digit = |c: char| c.is_ascii_digit();
    let is_time = bare.starts_with(is_digit)
        && (bare.matches(':').count() == 2 || bare.matches('-').count() == 2)
        && bare.chars().all(|c| is_digit(c) || "-:.TZ+".contains(c));
    let version = bare.strip_prefix('v').unwrap_or(bare);
    let is_id = bare.len() >= ID_LENGTH
        && has_only(bare, |c| c.is_ascii_hexdigit())
        && bare.contains(is_digit);
    if is_time {
        "<time>"
    } else if is_id || version.len() >= ID_LENGTH && has_only(version, is_digit) {
        "<id>"
    } else if bare.starts_with("#token=") {
        "<token>"
    } else if has(':') && bare.starts_with("127.0.0.1") {
        "<address>"
    } else {
        part.trim_end_matches(MARKS)
    }
}

fn has_only(word: &str, belongs: impl Fn(char) -> bool) -> bool {
    word.chars().all(belongs)
}

#[test]
fn what_differs_from_run_to_run_is_not_compared() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (shown, actual, is_equal) in [
        (
            "a  locked, acknowledged 3 s ago (settled, 1763779512345)",
            "a locked, acknowledged 2 min ago (settled, 1795342018850)",
            true,
        ),
        ("unlock v1795342018850", "unlock v1795342009066", true),
        ("lock v0 executed", "lock v1 executed", false),
        (
            "door-1 is locked after 1.2 s",
            "door-1 is locked after 10 s",
            true,
        ),
        (
            "door-1 is locked after 1.2 s",
            "door-2 is locked after 1.2 s",
            false,
        ),
        ("2026-11-22 14:03:21  a", "2026-11-29 03:00:00 a", true),
        ("cert 0123456789abcdef…", "cert 0123456789abcdee…", false),
        ("cert 0123456789abcdef:", "cert a123456789abcdef:", true),
        (
            "see http://127.0.0.1:1/x",
            "see http://127.0.0.1:22/x",
            true,
        ),
        (
            "http://127.0.0.1:1/#token=a",
            "http://127.0.0.1:2/#token=b",
            true,
        ),
        ("3 messages", "4 messages", false),
        ("a\n…\nd", "a\nb\nc\nd", true),
        ("a\n…\nd", "a\nb\nc", false),
        ("a\n…", "a", true),
        ("a", "a\nb", false),
        ("(12 s)", "(12 h)", true),
        ("(12 s)", "(12 s", false),
    ] {
        let same = is_same(&lines(shown), &lines(actual));
        assert_eq!(same, is_equal, "{shown:?} and {actual:?}");
    }
}
