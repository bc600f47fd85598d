//! The cost sheet follows from the prices, the counts and the template.
//!
//! Must not know: what anything costs.

use super::Violation;
use super::tree::Tree;
use crate::costs::{COUNTS, PAGE, PRICES, TEMPLATE, sheet};

/// A sheet that is missing or stale, or prices that cannot be read.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let [Some(prices), Some(counts), Some(template)] =
        [PRICES, COUNTS, TEMPLATE].map(|path| tree.text(path))
    else {
        let what = format!("{PRICES}, {COUNTS} or {TEMPLATE} is missing");
        return vec![Violation::new(PAGE, what)];
    };
    match sheet(prices, counts, template) {
        Err(error) => vec![Violation::new(PAGE, format!("{error:#}"))],
        Ok(new) if tree.text(PAGE) == Some(new.as_str()) => Vec::new(),
        Ok(_) => vec![Violation::new(PAGE, "is stale: run `cargo xtask costs`")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_does_not_follow_is_stale() {
        let prices = include_str!("../../../docs/prices.toml");
        let counts = include_str!("../../../docs/counts.json");
        let template = "Resources: {}\n";
        let page = sheet(prices, counts, template).expect("the sheet");
        let dearer = prices.replace("usd = 0.625", "usd = 0.626");
        for (prices, page, expected) in [
            (prices, page.as_str(), 0),
            (dearer.as_str(), page.as_str(), 1),
            (prices, "# Old\n", 1),
            ("", page.as_str(), 1),
        ] {
            let tree = Tree::of(&[
                (PRICES, prices),
                (COUNTS, counts),
                (TEMPLATE, template),
                (PAGE, page),
            ]);
            assert_eq!(check(&tree).len(), expected);
        }
    }
}
