//! The supported built-in functions. An unknown name is refused when a statement is parsed.
//!
//! Must not know: operators, statements.
//!
//! Source: AWS IoT developer guide, "Functions".

mod collection;
mod external;
mod message;
mod numeric;
mod text;
mod time;

use super::scope::Scope;
use super::value::Value;
use super::{Version, json};

type Arguments<'a> = &'a [Option<Value>];
type Apply = fn(&mut Scope<'_, '_>, Arguments<'_>) -> Option<Value>;

/// A built-in function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// Name in lower case; SQL ignores the case.
    pub name: &'static str,
    /// Least and largest number of arguments.
    pub arity: (usize, usize),
    /// The version that introduced it.
    pub since: Version,
    pub apply: Apply,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

const MANY: usize = 64;

/// Longest text that a function produces, bytes; a longer one is Undefined.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

const fn function(name: &'static str, least: usize, most: usize, apply: Apply) -> Function {
    Function {
        name,
        arity: (least, most),
        since: Version::V2015,
        apply,
    }
}

/// A function that version 2015-10-08 does not have.
const fn newer(name: &'static str, least: usize, most: usize, apply: Apply) -> Function {
    Function {
        name,
        arity: (least, most),
        since: Version::V2016,
        apply,
    }
}

/// Functions of AWS that are not supported, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    (
        "machinelearning_predict",
        "call the model from a function that the rule invokes",
    ),
    (
        "get_secret",
        "pass the value in the payload or the template",
    ),
    ("md2", "use sha256"),
];

/// Every supported function, of both versions.
pub(super) fn all() -> impl Iterator<Item = Function> {
    [
        message::FUNCTIONS,
        text::FUNCTIONS,
        numeric::FUNCTIONS,
        collection::FUNCTIONS,
        time::FUNCTIONS,
        external::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The function with this name, in any case. The error says what to do instead.
pub(super) fn find(name: &str) -> Result<Function, String> {
    let name = name.to_ascii_lowercase();
    if let Some(function) = all().find(|function| function.name == name) {
        return Ok(function);
    }
    Err(match UNSUPPORTED.iter().find(|(known, _)| *known == name) {
        Some((_, advice)) => format!("function {name} is not supported: {advice}"),
        None => format!("function {name} is not a function of AWS IoT SQL"),
    })
}

impl Function {
    /// Whether it needs another service.
    pub fn calls_out(&self) -> bool {
        external::FUNCTIONS.contains(self)
    }

    /// Refuses a form of the function that is not supported, whatever its other arguments are.
    pub fn check_kind(&self, literals: &[Option<&str>]) -> Result<(), String> {
        let scheme = literals.get(1).copied().flatten();
        if self.name == "decode" && scheme == Some("proto") {
            return Err(
                "decode with 'proto' is not supported, as no bucket holds a descriptor here: \
                 publish JSON, or decode the message in a function"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Checks the arguments that are text literals: what can never work is refused when it is
    /// parsed.
    pub fn check(&self, literals: &[Option<&str>]) -> Result<(), String> {
        let literal = |index: usize| literals.get(index).copied().flatten();
        match self.name {
            "encode" | "decode" if literal(1).is_some_and(|scheme| scheme != text::SCHEME) => {
                Err(format!("{} supports only 'base64'", self.name))
            }
            "regexp_matches" | "regexp_replace" | "regexp_substr" => literal(1)
                .map_or(Ok(()), |pattern| text::regex(pattern).map(drop))
                .map_err(|e| format!("{}: {e}", self.name)),
            "get_registry_data" => literal(0).map_or(Ok(()), external::check_operation),
            "parse_time" => literal(0).map_or(Ok(()), time::check),
            "time_to_epoch" => literal(1).map_or(Ok(()), time::check),
            _ => Ok(()),
        }
    }
}

fn text_of(arguments: Arguments<'_>, index: usize) -> Option<String> {
    json::to_text(arguments.get(index)?.as_ref()?)
}
