//! The page of the deployed programs names the template's functions.
//!
//! Must not know: how the programs are built, or whether the figures are still right.

use super::Violation;
use super::tree::Tree;
use crate::artefacts::{PAGE, functions, missing};

const TEMPLATE: &str = "template.yaml";

/// What the page lacks, or names without reason.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let (Some(template), Some(page)) = (tree.text(TEMPLATE), tree.text(PAGE)) else {
        return vec![Violation::new(
            PAGE,
            format!("{TEMPLATE} or this page is missing"),
        )];
    };
    match functions(template) {
        Err(error) => vec![Violation::new(TEMPLATE, format!("{error:#}"))],
        Ok(functions) => {
            let names: Vec<&str> = functions.iter().map(|f| f.logical_id.as_str()).collect();
            let advice = |what| format!("{what}: run `cargo xtask artefacts --write`");
            let missing = missing(page, &names).into_iter();
            missing
                .map(|what| Violation::new(PAGE, advice(what)))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "\
Resources:
  PressFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: press}}
    Properties: {CodeUri: lambdas/press}
";

    #[test]
    fn a_page_without_a_function_is_stale() {
        let page = "# Page\n\n## arm64\n\nNot built: no rustup.\n\n## x86_64\n\n";
        let rows = [
            ("| x86_64 | PressFunction | 1 | 1 | 2.17 |\n", 0),
            ("| x86_64 | OldFunction | 1 | 1 | 2.17 |\n", 2),
            ("", 1),
        ];
        for (row, expected) in rows {
            let page = format!("{page}{row}");
            let tree = Tree::of(&[(TEMPLATE, ONE), (PAGE, &page)]);
            assert_eq!(check(&tree).len(), expected, "{row}");
        }
        assert_eq!(check(&Tree::of(&[(TEMPLATE, ONE)])).len(), 1);
    }
}
