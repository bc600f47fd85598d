//! The page of the tour: a row for each situation, with what each entity showed.
//!
//! Must not know: how a situation comes about.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::home::Entity;

/// The entities of a door, by their short names, in the order of the page.
pub const ENTITIES: [&str; 9] = [
    "lock", "door", "problem", "signal", "changed", "reported", "event", "refusal", "button",
];

/// What some entities must show, by their short names.
pub type Wanted = &'static [(&'static str, &'static str)];

/// What the entities of a door showed, by their short names.
pub type Shown = BTreeMap<String, String>;

/// A situation and what Home Assistant showed.
pub struct Row {
    pub situation: &'static str,
    pub wanted: Wanted,
    pub shown: Shown,
    /// How long it took, where that matters.
    pub took: Option<Duration>,
    /// What else was wrong.
    pub wrong: Option<String>,
}

/// What the entities of a door showed, whose ids begin with `prefix`.
pub fn shown(all: &[Entity], prefix: &str) -> Shown {
    let named = all.iter().filter_map(|one| {
        let name = one.unique_id.strip_prefix(prefix)?;
        Some((name.to_owned(), one.shown()))
    });
    named.collect()
}

/// The first entity that does not show what it must, and that.
pub fn find_wrong(shown: &Shown, wanted: Wanted) -> Option<(&'static str, &'static str)> {
    let mut all = wanted.iter().copied();
    all.find(|(name, text)| shown.get(*name).map(String::as_str) != Some(*text))
}

impl Row {
    /// Whether everything was as it must be.
    pub fn is_good(&self) -> bool {
        find_wrong(&self.shown, self.wanted).is_none() && self.wrong.is_none()
    }

    fn verdict(&self) -> String {
        match (find_wrong(&self.shown, self.wanted), &self.wrong, self.took) {
            (Some((name, text)), _, _) => format!("WRONG: {name} must be {text}"),
            (None, Some(wrong), _) => format!("WRONG: {wrong}"),
            (None, None, Some(took)) => format!("good, after {:.1} s", took.as_secs_f64()),
            (None, None, None) => "good".to_owned(),
        }
    }

    fn cells(&self) -> String {
        let cells = ENTITIES.map(|name| match self.shown.get(name) {
            Some(text) => text.replace('|', "/"),
            None => "no entity".to_owned(),
        });
        cells.join(" | ")
    }
}

/// The page as Markdown.
pub fn write(version: &str, rows: &[Row]) -> String {
    let mut text = format!("# Home Assistant {version}\n\n");
    text += "Written by `cargo xtask home-assistant`: the real program, a real mosquitto as its \
             broker, and a stack on\nthe local cloud. One door, `lock-1`. An event entity shows \
             the last event and its reason. `unavailable`:\nHome Assistant shows nothing about \
             the entity, and takes no command for it.\n\n";
    text += &format!("| situation | {} | verdict |\n", ENTITIES.join(" | "));
    text += &format!("|---|{}---|\n", "---|".repeat(ENTITIES.len()));
    for row in rows {
        let (cells, verdict) = (row.cells(), row.verdict());
        text += &format!("| {} | {cells} | {verdict} |\n", row.situation);
    }
    text
}
