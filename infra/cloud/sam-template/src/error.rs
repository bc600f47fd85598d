//! Template errors. Each says what failed and what to do, with the file and, where known, the line,
//! column and logical id.

use std::path::PathBuf;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("read template {path}")]
    Read {
        /// Path of the template.
        path: PathBuf,
        /// Error of the file system.
        #[source]
        source: std::io::Error,
    },
    /// The text is not YAML.
    #[error("{file}:{line}:{column}: parse yaml: {message}")]
    Syntax {
        /// Name of the template file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The error of the YAML parser.
        message: String,
    },
    /// The YAML is not a valid template, or the template uses something unsupported.
    #[error("{file}:{line}:{column}: {item}: {problem}")]
    Invalid {
        /// Name of the template file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// Logical id, or the name of the section outside `Resources`.
        item: String,
        /// What is wrong at this place.
        problem: Box<Problem>,
    },
    /// A value is given for a parameter that the template does not declare.
    #[error("{file}: parameter {name} is not declared: {advice}")]
    UnknownParameter {
        /// Name of the template file.
        file: String,
        /// Name of the parameter that was given.
        name: String,
        /// The declared parameters, or that there are none.
        advice: String,
    },
}

/// What is wrong at a place in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A resource type, property, attribute or function of CloudFormation that is not supported.
    #[error("{what} is not supported: {advice}")]
    Unsupported {
        /// Kind and name: `resource type AWS::S3::Bucket`.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A property or attribute that CloudFormation does not have here.
    #[error("unknown property {name}: {advice}")]
    UnknownProperty {
        /// Dotted path of the property.
        name: String,
        /// The most similar known name, or all names.
        advice: String,
    },
    /// A required property is missing.
    #[error("property {0} is missing")]
    Missing(String),
    /// A value has the wrong type.
    #[error("{what} must be {expected}")]
    Kind {
        /// Property, or name of the intrinsic function.
        what: String,
        /// The accepted type, as text: `a whole number`.
        expected: &'static str,
    },
    /// A value is not allowed.
    #[error("{what} cannot be {value:?}: {reason}")]
    Refused {
        /// Property, or name of the intrinsic function.
        what: String,
        /// The refused value.
        value: String,
        /// Why it is not allowed.
        reason: String,
    },
    /// A reference to a parameter, resource or condition that does not exist.
    #[error("{name} is not a {kinds} of this template{hint}")]
    UnknownReference {
        /// The unknown name.
        name: String,
        /// The kinds of names expected here: `parameter or resource`.
        kinds: &'static str,
        /// `: did you mean …?`, or nothing.
        hint: String,
    },
    /// A reference to a resource whose condition is false.
    #[error(
        "resource {0} is not created, because its condition is false: refer to it inside an \
         If, or give the referring resource the same condition"
    )]
    NotMade(String),
    /// An attribute that the resource does not have.
    #[error("resource {resource} has no attribute {attribute}; {known}")]
    UnknownAttribute {
        /// Logical id.
        resource: String,
        /// The requested attribute.
        attribute: String,
        /// The attributes that the resource has, or that it has none.
        known: String,
    },
    /// An attribute of a resource that is a name only.
    #[error(
        "{resource}.{attribute} has no value: {kind} is a name only here; --inert {kind} makes \
         values up"
    )]
    InertAttribute {
        /// Logical id.
        resource: String,
        /// The requested attribute.
        attribute: String,
        /// Resource type.
        kind: String,
    },
    /// An assertion of the section `Rules` is false; the text is its `AssertDescription`.
    #[error("{0}")]
    Assertion(String),
    /// Conditions, names or resources that depend on each other in a cycle.
    #[error("circular dependency through {0}: remove one of the references")]
    Circular(String),
}

impl Problem {
    /// The problem of an unsupported part of CloudFormation.
    pub(super) fn unsupported(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            advice: advice.into(),
        }
    }

    /// The problem of an unknown name, with the most similar of `known` as a hint.
    pub(super) fn unknown<'a>(
        name: &str,
        kinds: &'static str,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        let hint = nearest(name, known).map(|near| format!(": did you mean {near}?"));
        Self::UnknownReference {
            name: name.to_owned(),
            kinds,
            hint: hint.unwrap_or_default(),
        }
    }
}

/// `lead` with the names, or `none` if there is no name.
pub(super) fn listed(names: &[&str], lead: &str, none: &str) -> String {
    match names {
        [] => none.to_owned(),
        names => format!("{lead} {}", names.join(", ")),
    }
}

/// The name in `known` that `name` most likely misspells.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 5)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, ignoring case.
pub(super) fn distance(one: &str, other: &str) -> usize {
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
