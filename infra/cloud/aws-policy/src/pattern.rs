//! Patterns with `*`, `?` and policy variables, matched against a value.
//!
//! Must not know: actions, resources, conditions.

use std::collections::BTreeMap;

use super::{PolicyError, VALUE_SEPARATOR, malformed};

/// Longest value that AWS substitutes for a variable.
const VALUE_CHARACTERS_MAX: usize = 1024;

/// `arn:partition:service:region:account:resource`.
const ARN_PARTS: usize = 6;

/// A parsed pattern. A variable's value is literal: a `*` in it is not a wildcard.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(char),
    One,
    Any,
    Variable(String),
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("${") {
                let Some((name, after)) = after.split_once('}') else {
                    return malformed(format!("variable in {text:?} has no closing brace"));
                };
                parts.push(match name {
                    "*" => Part::Literal('*'),
                    "?" => Part::Literal('?'),
                    "$" => Part::Literal('$'),
                    "" => return malformed(format!("variable in {text:?} has no name")),
                    name => Part::Variable(name.to_owned()),
                });
                rest = after;
                continue;
            }
            parts.push(match first {
                '*' => Part::Any,
                '?' => Part::One,
                literal => Part::Literal(literal),
            });
            rest = &rest[first.len_utf8()..];
        }
        Ok(Self { parts })
    }

    /// Names of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether `text` matches; a pattern with a variable that has no usable value matches nothing.
    pub fn matches(&self, text: &str, variables: &BTreeMap<String, String>) -> bool {
        self.resolve(variables)
            .is_some_and(|parts| glob(&parts, &text.chars().collect::<Vec<_>>()))
    }

    /// Whether `arn` matches part by part. Only in the last of the six parts does a wildcard match
    /// a colon.
    pub fn matches_arn(&self, arn: &str, variables: &BTreeMap<String, String>) -> bool {
        let Some(glyphs) = self.resolve(variables) else {
            return false;
        };
        let mut expected = glyphs.splitn(ARN_PARTS, |glyph| *glyph == Glyph::Literal(':'));
        let mut found = arn.splitn(ARN_PARTS, ':');
        loop {
            match (expected.next(), found.next()) {
                (None, None) => return true,
                (Some(pattern), Some(text)) => {
                    if !glob(pattern, &text.chars().collect::<Vec<_>>()) {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }

    /// The text with variables replaced and wildcards literal; `None` if a variable has no usable
    /// value.
    pub fn text(&self, variables: &BTreeMap<String, String>) -> Option<String> {
        let glyphs = self.resolve(variables)?;
        let glyphs = glyphs.iter().map(|glyph| match glyph {
            Glyph::Literal(c) => *c,
            Glyph::One => '?',
            Glyph::Any => '*',
        });
        Some(glyphs.collect())
    }

    fn resolve(&self, variables: &BTreeMap<String, String>) -> Option<Vec<Glyph>> {
        let mut glyphs = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Literal(c) => glyphs.push(Glyph::Literal(*c)),
                Part::One => glyphs.push(Glyph::One),
                Part::Any => glyphs.push(Glyph::Any),
                Part::Variable(name) => {
                    let value = value_of(variables, name).filter(|value| is_usable(name, value))?;
                    glyphs.extend(value.chars().map(Glyph::Literal));
                }
            }
        }
        Some(glyphs)
    }
}

/// The value of a variable or condition key, whose case is ignored. Source: IAM user guide, "IAM
/// policy elements: Variables and tags".
pub(super) fn value_of<'a>(variables: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let exact = variables.get(name);
    let like = || {
        let mut others = variables.iter();
        let found = others.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    exact.or_else(like).map(String::as_str)
}

/// AWS does not substitute a certificate's value that holds a wildcard of policies or topics, nor
/// any value that is too long.
fn is_usable(name: &str, value: &str) -> bool {
    let of_certificate = name.to_ascii_lowercase().starts_with("iot:certificate.");
    let is_one = !value.is_empty() && !value.contains(VALUE_SEPARATOR);
    let is_short = value.chars().count() <= VALUE_CHARACTERS_MAX;
    let is_plain = !of_certificate || !value.contains(['*', '$', '+', '?', '#']);
    is_one && is_short && is_plain
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Glyph {
    Literal(char),
    One,
    Any,
}

/// Greedy match that backtracks to the last `*` only, in time at most the product of both lengths.
fn glob(pattern: &[Glyph], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Glyph::Any) => {
                last_any = Some((p, t));
                p += 1;
            }
            Some(Glyph::One) => {
                p += 1;
                t += 1;
            }
            Some(Glyph::Literal(c)) if *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match last_any {
                Some((any, from)) => {
                    last_any = Some((any, from + 1));
                    p = any + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|glyph| *glyph == Glyph::Any)
}
