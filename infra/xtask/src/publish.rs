//! Pages that a chore writes and a check compares with the committed ones.
//!
//! Must not know: what is on a page.

use anyhow::{Context, Result};

/// Prints the lines in which the committed page differs from the new one; `true` if there are none.
pub fn is_current(chore: &str, path: &str, old: &str, new: &str) -> bool {
    let differences = differences(old, new);
    if !differences.is_empty() {
        println!("{chore}: {path} is stale (run `cargo xtask {chore}`):");
    }
    for line in &differences {
        println!("  {line}");
    }
    differences.is_empty()
}

/// The lines that only one of the pages has: `- old` and `+ new`.
fn differences(old: &str, new: &str) -> Vec<String> {
    let only = |sign: char, these: &str, those: &str| -> Vec<String> {
        let those: Vec<&str> = those.lines().collect();
        let only = these.lines().filter(|line| !those.contains(line));
        only.map(|line| format!("{sign} {line}")).collect()
    };
    let mut differences = only('-', old, new);
    differences.extend(only('+', new, old));
    if differences.is_empty() && old != new {
        differences.push("the same lines in another order".to_owned());
    }
    differences
}

/// The page with new text between its marks `<!-- NAME -->` and `<!-- /NAME -->`.
///
/// # Errors
/// The page does not have both marks, in this order.
pub fn replace_between(page: &str, name: &str, text: &str) -> Result<String> {
    let marks = [format!("<!-- {name} -->\n"), format!("<!-- /{name} -->")];
    let parts = page.split_once(&marks[0]).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&marks[1])?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| format!("no place for {name}: {marks:?}"))?;
    Ok([before, &marks[0], text, &marks[1], after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_marks_is_replaced_and_the_rest_is_kept() {
        let page = "a\n<!-- t -->\nold\n<!-- /t -->\nb\n";
        let new = replace_between(page, "t", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- t -->\nnew\n<!-- /t -->\nb\n");
        assert!(replace_between(page, "u", "new\n").is_err());
    }

    #[test]
    fn a_stale_page_is_described_line_by_line() {
        let rows: [(&str, &str, &[&str]); 3] = [
            ("a\nb\n", "a\nb\n", &[]),
            ("a\nb\n", "a\nc\n", &["- b", "+ c"]),
            ("a\nb\n", "b\na\n", &["the same lines in another order"]),
        ];
        for (old, new, expected) in rows {
            assert_eq!(differences(old, new), expected);
            assert_eq!(is_current("gaps", "GAPS.md", old, new), expected.is_empty());
        }
    }
}
