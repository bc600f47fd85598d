//! The table of what each program answered.
//!
//! Must not know: what the cases are about.

use anyhow::{Context, Result};
use serde_json::Value;

/// A row for each group of cases, a column for each program: how many of its answers were right.
///
/// # Errors
/// The result does not have the form that the script writes.
pub fn table(result: &Value) -> Result<String> {
    let peers = result["peers"].as_array().context("peers")?;
    let groups = result["groups"].as_array().context("groups")?;
    let date = result["date"].as_str().context("date")?;
    let mut text = "| right answers | cases |".to_owned();
    for peer in peers {
        let (name, version) = (&peer["name"], &peer["version"]);
        let (name, version) = (name.as_str().context("name")?, version.as_str());
        text += &format!(" {name} {} |", version.context("version")?);
    }
    text += &format!("\n|---|---|{}\n", "---|".repeat(peers.len()));
    for group in groups {
        let (name, title) = (group["name"].as_str(), group["title"].as_str());
        let (name, title) = (name.context("group")?, title.context("title")?);
        let counts: Vec<Option<(u64, u64)>> =
            peers.iter().map(|p| count(&p["groups"][name])).collect();
        let cases = counts.iter().flatten().map(|(_, cases)| *cases).max();
        text += &format!("| {title} | {} |", cases.with_context(|| name.to_owned())?);
        for count in counts {
            text += &match count {
                Some((right, _)) => format!(" {right} |"),
                None => " absent |".to_owned(),
            };
        }
        text += "\n";
    }
    text += &format!("\nRun on {date}.\n");
    Ok(text)
}

/// Right answers and cases of a group; `None` if the program has nothing that could answer.
fn count(group: &Value) -> Option<(u64, u64)> {
    let right = group["right"].as_u64()?;
    let wrong = group["wrong"].as_object()?.len() as u64;
    Some((right, right + wrong))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_group_is_a_row_and_each_program_a_column() {
        let result = json!({
            "date": "2026-01-02",
            "groups": [{"name": "b", "title": "policies"}, {"name": "a", "title": "shadows"}],
            "peers": [
                {"name": "ours", "version": "0.1.0", "groups": {
                    "a": {"right": 3, "wrong": {}},
                    "b": {"right": 1, "wrong": {"x": "why"}},
                }},
                {"name": "other", "version": "5", "groups": {"a": {"right": 1, "wrong": {
                    "y": "why", "z": "why",
                }}}},
            ],
        });
        let expected = "\
| right answers | cases | ours 0.1.0 | other 5 |
|---|---|---|---|
| policies | 2 | 1 | absent |
| shadows | 3 | 3 | 1 |

Run on 2026-01-02.
";
        assert_eq!(table(&result).unwrap(), expected);
        assert!(table(&json!({})).is_err());
    }
}
