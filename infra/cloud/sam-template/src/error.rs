//! Errors of reading a template: always the file, and line, column and logical id wherever there is one.
//!
//! Each says what to do. Must not know: how values are resolved.

use std::path::PathBuf;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("read template {path}")]
    Read {
        /// File asked for.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The text is not YAML.
    #[error("{file}:{line}:{column}: parse yaml: {message}")]
    Syntax {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser found.
        message: String,
    },
    /// The YAML is not a template that can be honoured here.
    #[error("{file}:{line}:{column}: {item}: {problem}")]
    Invalid {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Logical id, or the section's name outside resources.
        item: String,
        /// What is wrong there.
        problem: Box<Problem>,
    },
    /// An override names a parameter that the template does not declare.
    #[error("{file}: parameter {name} is given a value but not declared; declared are: {declared}")]
    UnknownParameter {
        /// File.
        file: String,
        /// Name of the override.
        name: String,
        /// Names that are declared.
        declared: String,
    },
}

/// What is wrong at one place of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A resource type, property, attribute or function that CloudFormation has and that has no local counterpart.
    #[error("{what} is not supported here: {advice}")]
    Unsupported {
        /// What it is, with its kind: `resource type AWS::S3::Bucket`.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A property or attribute that the item does not have.
    #[error("property {name} is not known: {advice}")]
    UnknownProperty {
        /// Dotted name.
        name: String,
        /// The nearest known one, or all.
        advice: String,
    },
    /// A property that must be there.
    #[error("property {0} is missing")]
    Missing(String),
    /// A value of the wrong kind.
    #[error("{what} must be {expected}")]
    Kind {
        /// Property or place.
        what: String,
        /// Description of what is accepted.
        expected: &'static str,
    },
    /// A value that is understood and not accepted.
    #[error("{what} cannot be {value:?}: {reason}")]
    Refused {
        /// Property or place.
        what: String,
        /// The value.
        value: String,
        /// Why.
        reason: String,
    },
    /// A reference to a parameter, resource or condition that does not exist.
    #[error("{name} is not a {kinds} of this template{hint}")]
    UnknownReference {
        /// The name.
        name: String,
        /// What it might have been.
        kinds: &'static str,
        /// `: did you mean …?`, or nothing.
        hint: String,
    },
    /// A reference to a resource whose condition does not hold.
    #[error(
        "resource {0} is not made, as its condition does not hold: choose between it and another with If, \
         or give the one that refers to it the same condition"
    )]
    NotMade(String),
    /// An attribute that the resource does not have here.
    #[error("resource {resource} has no attribute {attribute}; it has: {known}")]
    UnknownAttribute {
        /// Logical id.
        resource: String,
        /// Attribute asked for.
        attribute: String,
        /// Attributes that it has.
        known: String,
    },
    /// Conditions, names or resources that refer to each other in a ring.
    #[error("{0} depends on itself: take one reference out of the ring")]
    Circular(String),
}

impl Problem {
    /// Something of CloudFormation's that is not here; `advice` says what to do about it.
    pub(super) fn unsupported(what: impl Into<String>, advice: impl Into<String>) -> Problem {
        Problem::Unsupported {
            what: what.into(),
            advice: advice.into(),
        }
    }

    /// A name that stands for nothing, with the nearest of `known` as a hint.
    pub(super) fn unknown<'a>(
        name: &str,
        kinds: &'static str,
        known: impl Iterator<Item = &'a str>,
    ) -> Problem {
        let hint = nearest(name, known).map(|near| format!(": did you mean {near}?"));
        Problem::UnknownReference {
            name: name.to_owned(),
            kinds,
            hint: hint.unwrap_or_default(),
        }
    }
}

/// The one of `known` that a typing error may have turned into `name`.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 5)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, removed or changed, case apart (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let letters: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=letters.len()).collect();
    for (i, a) in one.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in letters.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[letters.len()]
}
