//! Reads the plain part of TOML that our files and Cargo.lock consist of: tables, and keys with a
//! text, a number, a truth or a list of texts. Anything else is an error.
//!
//! Must not know: what the tables mean.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// A table with its heading: `package` for `[[package]]` and for `[package]`.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    pub heading: String,
    fields: BTreeMap<String, String>,
}

impl Table {
    /// The value of a key, without quotes.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// It is not there.
    pub fn text(&self, key: &str) -> Result<&str> {
        let value = self.get(key);
        value.with_context(|| format!("[{}] has no {key}: {:?}", self.heading, self.fields))
    }
}

/// Every table, in the order of the text. Keys before the first heading are a table without one.
///
/// # Errors
/// A line of another form.
pub fn tables(text: &str) -> Result<Vec<Table>> {
    let mut tables = vec![Table::default()];
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            let heading = line.trim_matches(['[', ']']).to_owned();
            let fields = BTreeMap::new();
            tables.push(Table { heading, fields });
            continue;
        }
        let (key, value) = line
            .split_once(" = ")
            .with_context(|| format!("read {line}"))?;
        let mut value = value.to_owned();
        while value.starts_with('[') && !value.ends_with(']') {
            value += lines.next().context("a list does not end")?;
        }
        let plain = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let is_word = |text: &str| {
            text.parse::<f64>().is_ok() || matches!(text, "true" | "false") || text.starts_with('[')
        };
        let value = match plain {
            Some(text) if !text.contains(['"', '\\']) => text.to_owned(),
            None if is_word(&value) => value,
            _ => bail!("read {line}: write a plain text, number, truth or list"),
        };
        let table = tables.last_mut().expect("there is always one");
        table.fields.insert(key.to_owned(), value);
    }
    tables.retain(|table| !table.fields.is_empty());
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_their_keys() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\ndependencies = [\n \"b\",\n]\n\
                    # A comment.\n[[package]]\nname = \"b\"\n";
        let tables = tables(text).expect("read the tables");
        let names: Vec<_> = tables.iter().map(|table| table.get("name")).collect();
        assert_eq!(names, [None, Some("a"), Some("b")]);
        assert_eq!(tables[1].heading, "package");
        assert_eq!(tables[1].text("dependencies").expect("a list"), "[\"b\",]");
        assert!(tables[2].text("version").is_err());
    }

    #[test]
    fn what_is_not_plain_is_an_error() {
        for text in [
            "name",
            "a = {b = 1}",
            "a = \"x\\ny\"",
            "a = [\n1,",
            "a = word",
        ] {
            assert!(tables(text).is_err(), "{text}");
        }
    }
}
