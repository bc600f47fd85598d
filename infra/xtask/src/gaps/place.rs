//! Finds the test that a `// AWS` mark belongs to, in source that rustfmt has formatted.
//!
//! Must not know: what a mark claims.

use crate::tidy::Tree;

/// Conditions that hold on every machine that can run the whole test command.
const ALWAYS: &[&str] = &["#[cfg(unix)]", "#[cfg(target_os = \"linux\")]"];

/// The name of the test that the mark on line `index` (from 0) belongs to: the test below the mark;
/// the test around it; or, in a table outside any test, the first test that uses the table.
///
/// # Errors
/// No such test exists, or it never runs.
pub fn test_of(text: &str, index: usize) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    if let Some(line) = test_below(&lines, index) {
        return runnable_name(&lines, line);
    }
    let item = item_around(&lines, index).ok_or("no test follows this mark")?;
    if let Some(test) = test_at(&lines, item) {
        return runnable_name(&lines, test);
    }
    let name = item_name(lines[item]).ok_or("no test follows this mark")?;
    let users = (0..lines.len()).filter_map(|line| test_at(&lines, line));
    let user = users
        .into_iter()
        .find(|line| uses(body(&lines, *line), name));
    let user = user.ok_or_else(|| format!("no test of this file names {name}"))?;
    runnable_name(&lines, user)
}

/// The line of the test's `fn`, if only comments and attributes separate it from the mark.
fn test_below(lines: &[&str], index: usize) -> Option<usize> {
    let mut is_test = false;
    for (line, text) in lines.iter().enumerate().skip(index + 1) {
        let text = text.trim_start();
        if is_attribute(text) {
            is_test |= is_test_attribute(text);
        } else if !text.starts_with("//") {
            return (is_test && function_name(text).is_some()).then_some(line);
        }
    }
    None
}

/// The line of the `fn`, constant or static around this line.
fn item_around(lines: &[&str], index: usize) -> Option<usize> {
    let mut indent = indent_of(lines[index]);
    for line in (0..index).rev() {
        let text = lines[line];
        if text.trim().is_empty() || indent_of(text) >= indent {
            continue;
        }
        indent = indent_of(text);
        if item_name(text).is_some() {
            return Some(line);
        }
        // A module or the end of an item: the mark is outside every item.
        if indent == 0 && !text.starts_with([')', ']']) {
            return None;
        }
    }
    None
}

/// `line`, if it is a test's `fn`.
fn test_at(lines: &[&str], line: usize) -> Option<usize> {
    function_name(lines[line].trim_start())?;
    attributes(lines, line)
        .any(is_test_attribute)
        .then_some(line)
}

/// The attributes right above `line`; comments between them are skipped.
fn attributes<'a>(lines: &'a [&'a str], line: usize) -> impl Iterator<Item = &'a str> {
    lines[..line]
        .iter()
        .rev()
        .map(|text| text.trim_start())
        .take_while(|text| is_attribute(text) || text.starts_with("//"))
        .filter(|text| is_attribute(text))
}

/// The name of the test on `line`, or an error if the test never runs.
fn runnable_name(lines: &[&str], line: usize) -> Result<String, String> {
    let name = function_name(lines[line].trim_start()).ok_or("no test follows this mark")?;
    let is_obstacle = |attribute: &&str| {
        let is_condition = attribute.starts_with("#[cfg(") && !ALWAYS.contains(attribute);
        attribute.starts_with("#[ignore") || is_condition
    };
    match attributes(lines, line).find(is_obstacle) {
        None => Ok(name.to_owned()),
        Some(ignore) if ignore.starts_with("#[ignore") => {
            Err(format!("the test {name} is ignored, so nothing shows it"))
        }
        Some(condition) => Err(format!(
            "the test {name} is compiled only under {condition}"
        )),
    }
}

/// The lines of the function that begins on `line`, with its closing brace.
fn body<'a>(lines: &'a [&'a str], line: usize) -> &'a [&'a str] {
    if lines[line].ends_with('}') {
        return &lines[line..=line];
    }
    let indent = indent_of(lines[line]);
    let length = lines[line..]
        .iter()
        .position(|text| indent_of(text) == indent && text.trim_start().starts_with('}'));
    &lines[line..line + length.unwrap_or(1)]
}

fn uses(lines: &[&str], name: &str) -> bool {
    let is_name_char = |c: char| c.is_alphanumeric() || c == '_';
    lines
        .iter()
        .flat_map(|line| line.split(|c: char| !is_name_char(c)))
        .any(|word| word == name)
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_attribute(line: &str) -> bool {
    line.starts_with("#[")
}

fn is_test_attribute(line: &str) -> bool {
    ["#[test]", "#[tokio::test]", "#[tokio::test("]
        .iter()
        .any(|start| line.starts_with(start))
}

/// The name of the function, constant or static that this line opens.
fn item_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    function_name(line).or_else(|| {
        let line = without_visibility(line);
        ["const ", "static "]
            .iter()
            .find_map(|word| line.strip_prefix(word))
            .map(word_at_start)
            .filter(|name| !name.is_empty())
    })
}

fn function_name(line: &str) -> Option<&str> {
    let mut line = without_visibility(line);
    for word in ["const ", "async "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    line.strip_prefix("fn ").map(word_at_start)
}

fn without_visibility(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else {
        return line;
    };
    match rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        Some((_, rest)) => rest,
        None => rest.trim_start(),
    }
}

fn word_at_start(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// Whether cargo compiles this file: it is the root of a crate, or a compiled file declares it.
pub fn is_compiled(tree: &Tree, path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    let stem = name.trim_end_matches(".rs");
    let parents = [
        format!("{folder}.rs"),
        format!("{folder}/lib.rs"),
        format!("{folder}/main.rs"),
    ];
    let declaration = format!("mod {stem};");
    let is_declared = parents.iter().any(|parent| {
        parent != path
            && tree.text(parent).is_some_and(|text| {
                text.lines()
                    .any(|line| without_visibility(line.trim_start()) == declaration)
            })
            && is_compiled(tree, parent)
    });
    let is_root =
        matches!(stem, "lib" | "main") || folder == "tests/tests" || folder.ends_with("/tests");
    is_declared || is_root && !tree.has(&format!("{folder}.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test found for the line that reads `// AWS`.
    fn found(text: &str) -> Result<String, String> {
        let index = text
            .lines()
            .position(|line| line.trim() == "// AWS")
            .expect("a mark");
        test_of(text, index)
    }

    #[test]
    fn a_mark_belongs_to_the_test_under_it_around_it_or_using_its_table() {
        let rows = [
            ("// AWS\n#[test]\nfn a() {}\n", Ok("a")),
            (
                "// AWS\n// more\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn a() {}\n",
                Ok("a"),
            ),
            (
                "#[test]\nfn a() {\n    let rows = [\n        // AWS\n        (1, 2),\n    ];\n}\n",
                Ok("a"),
            ),
            (
                "mod tests {\n    #[test]\n    fn a() {\n        // AWS\n        b();\n    }\n}\n",
                Ok("a"),
            ),
            (
                "const ROWS: &[u8] = &[\n    // AWS\n    1,\n];\n\
                 #[test]\nfn a() {}\n#[test]\nfn b() {\n    check(ROWS);\n}\n",
                Ok("b"),
            ),
            (
                "fn rows() -> Vec<u8> {\n    vec![\n        // AWS\n        1,\n    ]\n}\n\
                 #[test]\nfn a() {\n    rows();\n}\n",
                Ok("a"),
            ),
            (
                "const ROWS: &[u8] = &[\n    // AWS\n    1,\n];\n",
                Err("no test of this file names ROWS"),
            ),
            ("// AWS\nfn a() {}\n", Err("no test follows this mark")),
            (
                "// AWS\n\n#[test]\nfn a() {}\n",
                Err("no test follows this mark"),
            ),
            (
                "#[test]\nfn a() {\n}\n// AWS\n",
                Err("no test follows this mark"),
            ),
            (
                "// AWS\n#[test]\n#[ignore = \"slow\"]\nfn a() {}\n",
                Err("the test a is ignored, so nothing shows it"),
            ),
            ("// AWS\n#[cfg(unix)]\n#[test]\nfn a() {}\n", Ok("a")),
            (
                "// AWS\n#[cfg(windows)]\n#[test]\nfn a() {}\n",
                Err("the test a is compiled only under #[cfg(windows)]"),
            ),
        ];
        for (text, expected) in rows {
            let found = found(text);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_file_is_compiled_when_its_module_is_declared() {
        let tree = Tree::of(&[
            ("a/src/lib.rs", "pub mod one;\n#[cfg(test)]\nmod two;\n"),
            ("a/src/one.rs", "pub(crate) mod deep;\n"),
            ("a/src/one/deep.rs", ""),
            ("a/src/two.rs", ""),
            ("a/src/three.rs", "mod deep;\n"),
            ("a/src/three/deep.rs", ""),
            ("a/src/one/tests.rs", ""),
            ("a/tests/whole.rs", ""),
            ("a/tests/services/main.rs", "mod mqtt;\n"),
            ("a/tests/services/mqtt.rs", ""),
            ("a/tests/services/left.rs", ""),
        ]);
        let rows = [
            ("a/src/one.rs", true),
            ("a/src/one/deep.rs", true),
            ("a/src/two.rs", true),
            ("a/src/three.rs", false),
            ("a/src/three/deep.rs", false),
            ("a/src/one/tests.rs", false),
            ("a/tests/whole.rs", true),
            ("a/tests/services/mqtt.rs", true),
            ("a/tests/services/left.rs", false),
        ];
        for (path, expected) in rows {
            assert_eq!(is_compiled(&tree, path), expected, "{path}");
        }
    }
}
