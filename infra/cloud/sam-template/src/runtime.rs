//! The runtimes of functions: which can be run, and by what.
//!
//! Source: Lambda developer guide, "Lambda runtimes".
//!
//! Must not know: where an interpreter is.

use super::error::TemplateError;
use super::fields::Fields;
use super::resource::Function;

/// Runtimes whose code is an executable.
const EXECUTABLE: [&str; 2] = ["provided.al2023", "provided.al2"];

/// A language whose code runs in an interpreter of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interpreter {
    /// `python3.N`.
    Python,
    /// `nodejsN.x`.
    Node,
}

impl Interpreter {
    /// The interpreter of a runtime, and the version in its name: `3.12`, `22`.
    pub fn of(runtime: &str) -> Option<(Self, &str)> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(version) = runtime.strip_prefix("python") {
            let minor = version.strip_prefix("3.")?;
            return is_number(minor).then_some((Self::Python, version));
        }
        let version = runtime.strip_prefix("nodejs")?.strip_suffix(".x")?;
        is_number(version).then_some((Self::Node, version))
    }

    /// Name of the file that inline code is put into, as Lambda does.
    pub fn inline_file(self) -> &'static str {
        match self {
            Self::Python => "index.py",
            Self::Node => "index.js",
        }
    }
}

impl Function {
    /// The interpreter of its code; `None` for an executable, and for a language without one here.
    pub fn interpreter(&self) -> Option<Interpreter> {
        Interpreter::of(&self.runtime).map(|(interpreter, _)| interpreter)
    }

    /// Whether its code is an executable that speaks the Lambda Runtime API.
    pub fn is_executable(&self) -> bool {
        EXECUTABLE.contains(&self.runtime.as_str())
    }
}

/// The property that says whether code is a folder or an image.
const PACKAGE: &str = "PackageType";

/// Takes `PackageType` and `Runtime`, whatever it is: somebody else may start the function, or name
/// an executable. An image is refused.
pub(super) fn read(fields: &mut Fields) -> Result<String, TemplateError> {
    if let Some(node) = fields.take(PACKAGE)
        && node.as_text() != Some("Zip")
    {
        let code = match fields.place.kind.as_str() {
            "AWS::Serverless::Function" => "CodeUri",
            _ => "Code",
        };
        let given = node.as_text().unwrap_or_default();
        let reason = format!(
            "container images are not run here: give the code as a folder ({code}) with Runtime \
             and Handler, and remove {PACKAGE}"
        );
        return Err(fields.place.refused(node.at, PACKAGE, given, &reason));
    }
    fields.need_text("Runtime")
}
