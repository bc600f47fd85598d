//! A crate's GAPS.md: its areas, its behaviours per area, and the recorded shadow cases.
//!
//! Must not know: where the marks and cases come from.

use std::fmt::Write as _;

use super::Shown;
use super::case::Case;
use super::mark::{AREAS, Claim, Kind};

const KINDS: [Kind; 4] = [Kind::Same, Kind::Different, Kind::Absent, Kind::Unknown];

const INTRODUCTION: &str = "\
# What is the same as in AWS, what differs, what is absent

Written by `cargo xtask gaps` from the marks above the tests; `cargo xtask test` fails when it is
stale. The test in each line shows the behaviour. If something differs or is absent, its test shows
what happens here instead. `unknown`: no source says what AWS does, and the line says what happens
here. A behaviour without a line has no test that compares it with AWS.

| area | same | different | absent | unknown |
|---|---|---|---|---|
";

/// One page of the family.
pub struct Page<'a> {
    /// Folder of the crate, from the root, with a slash at its end.
    pub folder: &'a str,
    /// Its marks.
    pub shown: Vec<&'a Shown>,
    /// The recorded shadow cases, on the page of the crate that they are about.
    pub cases: &'a [Case],
    /// The other pages, named on the page of the crate that uses the others.
    pub others: Vec<(String, [usize; 4])>,
}

/// How many behaviours are the same, different, absent and unknown.
pub fn totals(shown: &[&Shown]) -> [usize; 4] {
    let kind_of = |shown: &&Shown| match &shown.mark.claim {
        Claim::Behaviour { kind, .. } => Some(*kind),
        _ => None,
    };
    KINDS.map(|kind| {
        shown
            .iter()
            .filter_map(kind_of)
            .filter(|of| *of == kind)
            .count()
    })
}

pub fn page(page: &Page<'_>) -> String {
    let shown = page.shown.as_slice();
    let mut text = INTRODUCTION.to_owned();
    let row = |text: &mut String, name: &str, [same, different, absent, unknown]: [usize; 4]| {
        line(
            text,
            &format!("| {name} | {same} | {different} | {absent} | {unknown} |"),
        );
    };
    for (area, heading) in AREAS {
        let counts = KINDS.map(|kind| of(shown, area, kind).len());
        if counts != [0; 4] {
            row(&mut text, heading, counts);
        }
    }
    row(&mut text, "all", totals(shown));
    if !page.others.is_empty() {
        line(
            &mut text,
            "\nThe crates that it is built from have pages of their own:\n\n\
             | crate | same | different | absent | unknown |\n|---|---|---|---|---|",
        );
        for (name, counts) in &page.others {
            row(&mut text, &format!("[{name}](../{name}/GAPS.md)"), *counts);
        }
    }
    for (area, heading) in AREAS {
        let rows: Vec<(Kind, &str, &Shown)> = KINDS
            .iter()
            .flat_map(|kind| of(shown, area, *kind))
            .collect();
        if rows.is_empty() {
            continue;
        }
        line(
            &mut text,
            &format!("\n## {heading}\n\n| | behaviour | test |\n|---|---|---|"),
        );
        for (kind, behaviour, shown) in rows {
            let word = match kind {
                Kind::Same => "same".to_owned(),
                other => format!("**{}**", other.word()),
            };
            let test = link(page.folder, &shown.file, &shown.test);
            line(
                &mut text,
                &format!("| {word} | {} | {test} |", cell(behaviour)),
            );
        }
    }
    if !page.cases.is_empty() {
        text.push_str(&case_table(page.folder, page.cases));
    }
    text
}

fn case_table(folder: &str, cases: &[Case]) -> String {
    let mut text = String::from(
        "\n## Recorded shadow cases\n\n\
         Each case of [shadow-cases.json](../../../tests/vectors/shadow-cases.json) with the \
         expected answers, all of which are\nmet. The column \"known by\" names the evidence that \
         AWS answers this way.\n\n\
         | case | expected | known by | test |\n|---|---|---|---|\n",
    );
    for case in cases {
        let tests: Vec<String> = case
            .tests
            .iter()
            .map(|(file, test)| link(folder, file, test))
            .collect();
        let tests = if tests.is_empty() {
            "**none**".to_owned()
        } else {
            tests.join(", ")
        };
        let (name, expected) = (&case.name, cell(&case.expectation));
        line(
            &mut text,
            &format!("| `{name}` | {expected} | {} | {tests} |", case.confidence),
        );
    }
    text
}

/// The behaviours of this area and kind, sorted by text.
fn of<'a>(shown: &[&'a Shown], area: &str, kind: Kind) -> Vec<(Kind, &'a str, &'a Shown)> {
    let mut found: Vec<(Kind, &str, &Shown)> = shown
        .iter()
        .copied()
        .filter(|shown| shown.mark.area == area)
        .filter_map(|shown| match &shown.mark.claim {
            Claim::Behaviour { kind: of, text } if *of == kind => {
                Some((kind, text.as_str(), shown))
            }
            _ => None,
        })
        .collect();
    found.sort_by_key(|(_, text, shown)| (*text, &shown.file));
    found
}

fn link(folder: &str, file: &str, test: &str) -> String {
    let target = match file.strip_prefix(folder) {
        Some(inside) => inside.to_owned(),
        None => format!("../../../{file}"),
    };
    format!("[`{test}`]({target})")
}

/// Text without the characters that would end its cell or open a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::super::mark;
    use super::*;

    fn shown(line: &str, file: &str, test: &str) -> Shown {
        Shown {
            mark: mark::parse(line).expect("a mark").expect("a good one"),
            file: file.to_owned(),
            test: test.to_owned(),
        }
    }

    #[test]
    fn a_page_has_a_line_per_behaviour_under_its_area() {
        let marks = [
            shown(
                "// AWS same(broker): `a|b` is one <filter>",
                "infra/cloud/local-cloud/src/a.rs",
                "one",
            ),
            shown(
                "// AWS different(broker): AWS waits; here not",
                "tests/tests/b.rs",
                "two",
            ),
        ];
        let page = page(&Page {
            folder: "infra/cloud/local-cloud/",
            shown: marks.iter().collect(),
            cases: &[],
            others: vec![("iot-sql".to_owned(), [2, 0, 1, 3])],
        });
        for line in [
            "| Broker | 1 | 1 | 0 | 0 |",
            "| all | 1 | 1 | 0 | 0 |",
            "| [iot-sql](../iot-sql/GAPS.md) | 2 | 0 | 1 | 3 |",
            "## Broker",
            "| same | `a\\|b` is one &lt;filter> | [`one`](src/a.rs) |",
            "| **different** | AWS waits; here not | [`two`](../../../tests/tests/b.rs) |",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
        assert!(
            !page.contains("## Shadow"),
            "an area without behaviours has no table"
        );
    }
}
