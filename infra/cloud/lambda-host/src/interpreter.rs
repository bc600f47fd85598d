//! Finds the interpreters of this machine for functions in Python and Node.
//!
//! Must not know: any function.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use sam_template::Interpreter;

/// An interpreter of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundInterpreter {
    /// Its path.
    pub path: PathBuf,
    /// Its version, such as `3.12`.
    pub version: String,
    /// Whether it is the version that the runtime names.
    pub is_same: bool,
}

/// A program that prints the interpreter's path and version in two lines.
fn probe(interpreter: Interpreter) -> [&'static str; 2] {
    match interpreter {
        Interpreter::Python => [
            "-c",
            "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])",
        ],
        Interpreter::Node => [
            "-e",
            "console.log(process.execPath); console.log(process.versions.node.split('.')[0])",
        ],
    }
}

/// Names under which the interpreter of a runtime may be, the exact version first.
pub fn interpreter_names(runtime: &str) -> Vec<String> {
    match Interpreter::of(runtime) {
        Some((Interpreter::Python, version)) => {
            vec![format!("python{version}"), "python3".to_owned()]
        }
        Some((Interpreter::Node, _)) => vec!["node".to_owned(), "nodejs".to_owned()],
        None => Vec::new(),
    }
}

/// The interpreter of a runtime; `None` if none of [`interpreter_names`] can be started. A name may
/// be a starter that finds the interpreter elsewhere, so the path is what the interpreter says.
pub fn find_interpreter(runtime: &str) -> Option<FoundInterpreter> {
    let (interpreter, wanted) = Interpreter::of(runtime)?;
    let try_name = |name: String| {
        let mut command = Command::new(name);
        command.args(probe(interpreter)).stdin(Stdio::null());
        let output = command.output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let mut lines = text.lines();
        let (path, version) = (lines.next()?, lines.next()?);
        Some(FoundInterpreter {
            path: PathBuf::from(path),
            version: version.to_owned(),
            is_same: version == wanted,
        })
    };
    interpreter_names(runtime).into_iter().find_map(try_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_version_is_tried_first() {
        assert_eq!(interpreter_names("python3.9"), ["python3.9", "python3"]);
        assert_eq!(interpreter_names("nodejs22.x"), ["node", "nodejs"]);
        assert_eq!(interpreter_names("provided.al2023"), [""; 0]);
        assert_eq!(find_interpreter("java21"), None);
    }

    #[test]
    fn an_interpreter_names_its_own_path_and_version() {
        let found = find_interpreter("python3.1").expect("the tests need python3");
        assert!(found.path.is_absolute(), "{found:?}");
        assert!(found.version.starts_with("3."), "{found:?}");
        assert!(!found.is_same, "{found:?}");
    }
}
