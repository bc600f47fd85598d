//! Errors of reading a template: always the file, and the line and logical id wherever there is one.
//!
//! Must not know: how values are resolved.

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
    #[error("{file}:{line}: parse yaml: {message}")]
    Syntax {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What the parser found.
        message: String,
    },
    /// The YAML is not a template that can be honoured here.
    #[error("{file}:{line}: {item}: {problem}")]
    Invalid {
        /// File.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Logical id, or the section's name outside resources.
        item: String,
        /// What is wrong there.
        problem: Box<Problem>,
    },
    /// An override names a parameter that the template does not declare.
    #[error("{file}: parameter {name} is overridden but not declared")]
    UnknownParameter {
        /// File.
        file: String,
        /// Name of the override.
        name: String,
    },
}

/// What is wrong at one place of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A resource type that has no local counterpart.
    #[error("resource type {0} is not supported")]
    UnsupportedType(String),
    /// A property or attribute that has no local counterpart.
    #[error("property {0} is not supported")]
    UnsupportedProperty(String),
    /// An intrinsic function or tag that is not supported.
    #[error("function {0} is not supported")]
    UnsupportedFunction(String),
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
    #[error("{0} is not a parameter, resource or condition that exists here")]
    UnknownReference(String),
    /// An attribute that the resource does not have here.
    #[error("resource {resource} has no attribute {attribute}")]
    UnknownAttribute {
        /// Logical id.
        resource: String,
        /// Attribute asked for.
        attribute: String,
    },
    /// Conditions or names that refer to each other in a ring.
    #[error("{0} depends on itself")]
    Circular(String),
}
