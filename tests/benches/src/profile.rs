//! The bounds that a run does not hold, each with its profile: where the time goes, and what was
//! tried. The profiles are kept by hand, in `tests/benches/results/profiles.md`.
//!
//! Must not know: how a figure is measured.

use std::fs;

use anyhow::{Context, Result};

use crate::bound::BOUNDS;
use crate::page::results;
use crate::row::Run;

const FILE: &str = "profiles.md";
/// A heading names the bound: `## cold start ÷ floor: time`.
const HEADING: &str = "## ";

/// The text of each bound that has one.
#[derive(Debug, Default)]
pub struct Profiles(Vec<(String, String)>);

impl Profiles {
    /// Reads the file.
    pub fn read() -> Result<Self> {
        let path = results().join(FILE);
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let mut profiles: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix(HEADING) {
                profiles.push((name.trim().to_owned(), String::new()));
            } else if let Some((_, text)) = profiles.last_mut() {
                *text += line;
                text.push('\n');
            }
        }
        Self(profiles)
    }

    /// The section of the page: each bound that the run does not hold, with its profile as it is in
    /// the file. Empty if all are held.
    pub fn render(&self, run: &Run) -> String {
        let broken: Vec<_> = BOUNDS
            .iter()
            .filter_map(|bound| Some((bound, bound.broken(run)?)))
            .collect();
        if broken.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "\n## Bounds that are not held\n\nWhere the time goes, and what was tried, from \
             `{FILE}`.\n"
        );
        for (bound, sentence) in broken {
            let name = bound.name();
            let profile = self.0.iter().find(|(of, _)| *of == name);
            let profile = profile.map_or("No profile is kept of it.", |(_, text)| text.trim());
            text += &format!("\n### {name}\n\n{sentence}.\n\n{profile}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::root;
    use crate::row::Row;

    #[test]
    fn each_bound_that_the_reference_does_not_hold_has_its_profile_and_no_other_has() {
        let reference = root().join("tests/benches/results/reference.json");
        let run = Run::read(&reference).unwrap();
        let broken = BOUNDS.iter().filter(|bound| bound.broken(&run).is_some());
        let mut broken: Vec<String> = broken.map(crate::bound::Bound::name).collect();
        let Profiles(profiles) = Profiles::read().unwrap();
        for (name, text) in &profiles {
            assert!(!text.trim().is_empty(), "{FILE}: {name} has no text");
        }
        let mut headings: Vec<String> = profiles.into_iter().map(|(name, _)| name).collect();
        broken.sort();
        headings.sort();
        assert_eq!(
            headings, broken,
            "left: the headings of {FILE}; right: the bounds that are not held"
        );
    }

    #[test]
    fn a_bound_that_is_not_held_is_shown_with_its_own_profile_and_one_that_is_held_is_not() {
        let text = "# Title\n\nFor all.\n\n## cold start ÷ floor: time\n\nIt parses.\n\nTwice.\n\n\
                    ## size of the press function\n\nIt is large.\n";
        let profiles = Profiles::parse(text);
        let run = |cold: f64, size: f64| {
            let rows = [
                ("ours", "cold", cold),
                ("raw", "cold", 1.0),
                ("ours", "size", size),
            ];
            let rows = rows.map(|(who, what, v)| Row::fixed("functions", who, what, "", v));
            Run {
                rows: rows.to_vec(),
                ..Run::default()
            }
        };
        let cold = "\n### cold start ÷ floor: time\n\n\
                    cold start ÷ floor time: 1.50, not ≤ 1.30.\n\nIt parses.\n\nTwice.\n";
        let page = profiles.render(&run(1.5, 6.0));
        assert!(page.ends_with(cold), "{page}");
        assert!(!page.contains("It is large."), "{page}");
        assert_eq!(profiles.render(&run(1.0, 6.0)), "");
        let page = Profiles::default().render(&run(1.5, 6.0));
        assert!(page.ends_with("No profile is kept of it.\n"), "{page}");
    }
}
