//! Every error text of `lockctl` occurs in a transcript, or `elsewhere.list` says what shows it.
//!
//! Must not know: when an error occurs. It reads the sources as text: the literals of `bail!`,
//! `anyhow!`, `context` and the like, and those of the functions of `lockctl` that they call.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::script::{names, path};
use crate::source::{Place, Source};

/// What an error's text follows in the source.
const BEGINS: [&str; 7] = [
    "bail!(",
    "anyhow!(",
    "ensure!(",
    "refuse(",
    ".context(",
    ".with_context(",
    "#[error(",
];
/// A text with less of its own is looked for at the beginning of an error or of its cause only,
/// with one word for each placeholder: a few letters occur in many lines.
const LONG_CHARS_MIN: usize = 12;

/// The texts of errors in the sources, by the file. A text still has its placeholders.
pub fn texts(sources: &[Source]) -> BTreeSet<(String, String)> {
    let mut functions: BTreeMap<&str, Vec<Place<'_>>> = BTreeMap::new();
    for source in sources {
        for (name, body) in source.text_functions() {
            functions.entry(name).or_default().push(body);
        }
    }
    let mut found = BTreeSet::new();
    for source in sources {
        for begin in BEGINS {
            for place in source.spans_after(begin) {
                let own = texts_from(place, &functions);
                if own.is_empty() {
                    let code = format!("the text of {begin}{}", &place.code()[1..]);
                    found.insert((source.name.clone(), code));
                }
                found.extend(own);
            }
        }
    }
    found
}

/// The texts of a place, of the local values that it names and of the functions that it calls.
fn texts_from(
    place: Place<'_>,
    functions: &BTreeMap<&str, Vec<Place<'_>>>,
) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut left = vec![place];
    let mut seen = BTreeSet::new();
    while let Some(place) = left.pop() {
        let file = &place.source.name;
        if !seen.insert((file, place.from)) {
            continue;
        }
        let literals = place.literals().filter(|text| is_sentence(text));
        found.extend(literals.map(|text| (file.clone(), text)));
        for name in place.names() {
            if place.calls(name) {
                left.extend(functions.get(name).into_iter().flatten());
            }
            left.extend(place.value_of(name));
        }
    }
    found
}

/// Whether a literal is words for people.
fn is_sentence(text: &str) -> bool {
    let longest = fragments(text).into_iter().max_by_key(String::len);
    longest.is_some_and(|text| text.contains(' ') && text.chars().any(char::is_alphabetic))
}

/// What is fixed in a text: what separates its placeholders, with numbers as in transcripts.
fn fragments(text: &str) -> Vec<String> {
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut fixed = vec![String::new()];
    let mut is_placeholder = false;
    for c in text.chars() {
        match c {
            '{' => is_placeholder = true,
            '}' => {
                is_placeholder = false;
                fixed.push(String::new());
            }
            _ if is_placeholder => {}
            '\u{1}' => fixed.last_mut().expect("one").push('{'),
            '\u{2}' => fixed.last_mut().expect("one").push('}'),
            c => fixed.last_mut().expect("one").push(c),
        }
    }
    fixed.into_iter().map(|text| mask(&text)).collect()
}

/// A text whose numbers are `#`.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' | '#' if masked.ends_with('#') => {}
            '0'..='9' => masked.push('#'),
            c => masked.push(c),
        }
    }
    masked
}

/// Whether the line of an error shows a text: all that is fixed in it, in order.
fn shows(line: &str, text: &str) -> bool {
    let line = mask(line);
    let fixed = fragments(text);
    let first = fixed.first().map_or("", String::as_str);
    let length: usize = fixed.iter().map(|text| text.trim().len()).sum();
    let is_long = length >= LONG_CHARS_MIN;
    // A part of a sentence has no beginning to look for.
    let is_part = text.starts_with(|c: char| !c.is_alphanumeric() && c != '{');
    let mut starts = line.match_indices(first);
    if is_long || is_part {
        return starts.any(|(at, _)| has_all(&line[at..], &fixed));
    }
    starts.any(|(at, _)| {
        let is_begin = [": ", "; "].iter().any(|end| line[..at].ends_with(end));
        is_begin && has_words(&line[at + first.len()..], &fixed[1..])
    })
}

/// Whether a line has all fragments in order.
fn has_all(line: &str, fixed: &[String]) -> bool {
    let mut rest = line;
    fixed.iter().all(|text| {
        let text = text.trim_end();
        let found = rest.find(text);
        rest = &rest[found.map_or(0, |at| at + text.len())..];
        found.is_some()
    })
}

/// Whether a line goes on with a word before each fragment, and ends with a sign after the last.
fn has_words(line: &str, fixed: &[String]) -> bool {
    let signs = [':', ';', ','];
    let mut rest = line;
    let has_all = fixed.iter().all(|text| {
        let word = rest.split(' ').next().unwrap_or_default();
        let after = &rest[word.trim_end_matches(signs).len()..];
        rest = after.strip_prefix(text.as_str()).unwrap_or(after);
        after.starts_with(text.as_str())
    });
    has_all && (rest.is_empty() || rest.starts_with(signs))
}

/// The lines of errors in all transcripts.
fn shown_lines() -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for name in names()? {
        let text = std::fs::read_to_string(path(&name)).with_context(|| name.clone())?;
        let errors = text.lines().filter(|line| line.starts_with("lockctl: "));
        lines.extend(errors.map(str::to_owned));
    }
    Ok(lines)
}

/// What is wrong: texts that nothing shows, and rows of the list without use. A row is
/// `FILE: TEXT => test PATH::NAME` or `FILE: TEXT => why REASON`.
fn judge(
    texts: &BTreeSet<(String, String)>,
    lines: &[String],
    rows: &str,
    is_test: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut listed = BTreeSet::new();
    let mut wrong = Vec::new();
    for row in rows
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with("# "))
    {
        let parts = row.rsplit_once(" => ");
        let named = parts.and_then(|(named, shown)| Some((named.split_once(": ")?, shown)));
        let Some(((file, text), shown)) = named else {
            wrong.push(format!("elsewhere.list: not a row: {row}"));
            continue;
        };
        let is_shown = match shown.split_once(' ') {
            Some(("test", test)) => is_test(test),
            Some(("why", reason)) => reason.contains(' '),
            _ => false,
        };
        if !is_shown {
            wrong.push(format!(
                "elsewhere.list: no such test, and no reason: {row}"
            ));
        }
        let key = (file.to_owned(), text.to_owned());
        if !texts.contains(&key) {
            wrong.push(format!(
                "elsewhere.list: no such error in the sources: {row}"
            ));
        } else if lines.iter().any(|line| shows(line, text)) {
            wrong.push(format!("elsewhere.list: a transcript shows it: {row}"));
        }
        listed.insert(key);
    }
    let missing = texts.iter().filter(|key| !listed.contains(*key));
    let missing = missing.filter(|(_, text)| !lines.iter().any(|line| shows(line, text)));
    wrong.extend(missing.map(|(file, text)| format!("no transcript shows {file}: {text}")));
    wrong
}

/// The folder of the whole project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether a test exists: `PATH::NAME`.
fn is_test(named: &str) -> bool {
    let Some((path, name)) = named.split_once("::") else {
        return false;
    };
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    text.contains(&format!("fn {name}("))
}

#[test]
fn every_error_has_a_transcript() -> Result<()> {
    let mut sources = Source::read_all(&root().join("infra/lockctl/src"))?;
    for mut source in Source::read_all(&root().join("infra/laptop/src"))? {
        source.name = format!("laptop/{}", source.name);
        sources.push(source);
    }
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcript/elsewhere.list");
    let rows = std::fs::read_to_string(list).context("read elsewhere.list")?;
    let texts = texts(&sources);
    ensure!(texts.len() > 50, "only {} errors were found", texts.len());
    let wrong = judge(&texts, &shown_lines()?, &rows, is_test);
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// The texts of a source.
#[cfg(test)]
fn texts_of(code: &str) -> Vec<String> {
    let found = texts(&[Source::new("a.rs", code)]);
    found.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn each_form_of_an_error_is_found() {
    for (code, wanted) in [
        (r#"bail!("it is {x}: do y");"#, &["it is {x}: do y"][..]),
        ("bail!(\n \"it is \\\n   {x}\"\n)", &["it is {x}"]),
        (r#"return Err(anyhow!("a (b"));"#, &["a (b"]),
        (r#"x.context("read it")?;"#, &["read it"]),
        (
            r#"x.with_context(|| { let a = b.join("; "); format!("read {a}") })"#,
            &["read {a}"],
        ),
        (r#"refuse(format!("no {x} here"))"#, &["no {x} here"]),
        (r#"#[error("it is {0}")]"#, &["it is {0}"]),
        (
            r#"let text = format!("no, {}", w(&x)); return refuse(text);"#,
            &["no, {}"],
        ),
        (
            r#"refuse(format!("no: {}", why(&x))) fn why(x: &X) -> String { "is off".to_owned() }"#,
            &["is off", "no: {}"],
        ),
        ("bail!(text)", &["the text of bail!(text)"]),
        (r#"println!("not an error")"#, &[]),
        (r#"// bail!("not code")"#, &[]),
        (
            r#"#[cfg(test)] mod tests { fn a() { bail!("of a test") } }"#,
            &[],
        ),
        (
            r#"let c = '"'; let l: &'a str = r"\"; bail!("after a quote")"#,
            &["after a quote"],
        ),
    ] {
        assert_eq!(texts_of(code), wanted, "{code}");
    }
}

#[test]
fn an_error_that_nothing_shows_is_named() {
    let texts = texts(&[Source::new(
        "a.rs",
        "bail!(\"the door {door} of 3 is open: close it\"); \
         x.with_context(|| format!(\"bind {a}\"))",
    )]);
    let judge = |lines: &[&str], rows: &str| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        judge(&texts, &lines, rows, |test| test == "a.rs::shows")
    };
    let door = "lockctl: the door lock-1 of # is open: close it";
    let bind = "lockctl: bind lock-1: no answer";
    assert_eq!(judge(&[door, bind], ""), [""; 0]);
    let missing = "no transcript shows a.rs: ";
    assert_eq!(judge(&[door], ""), [format!("{missing}bind {{a}}")]);
    // Of another error, which only advises it.
    let advice = "lockctl: it is not bound: `lockctl bind a` does it";
    assert_eq!(judge(&[door, advice], ""), [format!("{missing}bind {{a}}")]);
    let other = "lockctl: bind the button again: no answer";
    assert_eq!(judge(&[door, other], ""), [format!("{missing}bind {{a}}")]);
    let row = "a.rs: bind {a} => why the network fails";
    assert_eq!(judge(&[door], row), [""; 0]);
    assert_eq!(
        judge(&[door], "a.rs: bind {a} => test a.rs::shows"),
        [""; 0]
    );
    for (lines, row) in [
        (&[door, bind][..], row),
        (&[door], "a.rs: bind {a} => test a.rs::gone"),
        (&[door], "a.rs: bind {a} => why so"),
        (&[door, bind], "a.rs: an old text => why the network fails"),
        (&[door, bind], "no row"),
    ] {
        let wrong = judge(lines, row);
        assert!(
            wrong.iter().any(|text| text.starts_with("elsewhere.list")),
            "{row}: {wrong:?}"
        );
    }
}
