//! GAPS.md: a table of the areas, a table of behaviours per area, a table of the recorded shadow cases.
//!
//! Must not know: where any of it was read.

use std::fmt::Write as _;

use super::Shown;
use super::case::Case;
use super::mark::{AREAS, Claim, Kind};

const FOLDER: &str = "infra/cloud/local-cloud/";
const KINDS: [Kind; 3] = [Kind::Same, Kind::Different, Kind::Absent];

/// The page's text.
pub fn page(shown: &[Shown], cases: &[Case]) -> String {
    let mut text = String::from(
        "# What is the same as in AWS, what differs, what is absent\n\n\
         Written by `cargo xtask gaps` from the marks above the tests; `cargo xtask test` fails when it is stale. Each line \
         is shown by\nthe test it names: what differs or is absent has a test as well, of what happens here instead. \
         What no line speaks of has no\ntest that speaks of AWS.\n\n\
         | area | same | different | absent |\n|---|---|---|---|\n",
    );
    let mut total = [0; 3];
    for (area, heading) in AREAS {
        let counts = KINDS.map(|kind| of(shown, area, kind).len());
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
        let [same, different, absent] = counts;
        line(
            &mut text,
            &format!("| {heading} | {same} | {different} | {absent} |"),
        );
    }
    let [same, different, absent] = total;
    line(
        &mut text,
        &format!("| all | {same} | {different} | {absent} |"),
    );
    line(&mut text, "");
    line(
        &mut text,
        &format!(
            "Besides, {} recorded cases of the shadow service: the last table.",
            cases.len()
        ),
    );
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
            let test = link(&shown.file, &shown.test);
            line(
                &mut text,
                &format!("| {word} | {} | {test} |", cell(behaviour)),
            );
        }
    }
    text.push_str(&case_table(cases));
    text
}

fn case_table(cases: &[Case]) -> String {
    let mut text = String::from(
        "\n## Recorded shadow cases\n\n\
         Each case of [shadow-cases.json](../../../tests/vectors/shadow-cases.json) with the answers expected, all met. The last \
         column but\none says how it is known that AWS answers so.\n\n\
         | case | expected | known by | test |\n|---|---|---|---|\n",
    );
    for case in cases {
        let tests: Vec<String> = case
            .tests
            .iter()
            .map(|(file, test)| link(file, test))
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

/// The behaviours of an area that compare so, by text.
fn of<'a>(shown: &'a [Shown], area: &str, kind: Kind) -> Vec<(Kind, &'a str, &'a Shown)> {
    let mut found: Vec<(Kind, &str, &Shown)> = shown
        .iter()
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

fn link(file: &str, test: &str) -> String {
    let target = match file.strip_prefix(FOLDER) {
        Some(inside) => inside.to_owned(),
        None => format!("../../../{file}"),
    };
    format!("[`{test}`]({target})")
}

/// Text that stays in its cell and is no markup by accident.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

/// Lines of one page that the other has not: `- old` and `+ new`.
pub fn differences(old: &str, new: &str) -> Vec<String> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (old_lines, new_lines) = (lines(old), lines(new));
    let gone = old_lines.iter().filter(|line| !new_lines.contains(line));
    let come = new_lines.iter().filter(|line| !old_lines.contains(line));
    let mut differences: Vec<String> = gone
        .map(|line| format!("- {line}"))
        .chain(come.map(|line| format!("+ {line}")))
        .collect();
    if differences.is_empty() && old != new {
        differences.push("the order of the lines".to_owned());
    }
    differences
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
        let page = page(&marks, &[]);
        for line in [
            "| Broker | 1 | 1 | 0 |",
            "| all | 1 | 1 | 0 |",
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

    #[test]
    fn what_is_stale_is_named() {
        let rows: [(&str, &str, &[&str]); 3] = [
            ("a\nb\n", "a\nb\n", &[]),
            ("a\nb\n", "a\nc\n", &["- b", "+ c"]),
            ("a\nb\n", "b\na\n", &["the order of the lines"]),
        ];
        for (old, new, expected) in rows {
            assert_eq!(differences(old, new), expected);
        }
    }
}
