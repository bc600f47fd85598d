//! Writes a function's inline code to a folder of its own, with the module that AWS adds for the
//! answers of custom resources.
//!
//! Source: `CloudFormation` reference, "`AWS::Lambda::Function` Code" and "cfn-response module".
//!
//! Must not know: how code is run.

use std::path::{Path, PathBuf};

use super::ExecutableError;
use super::file::folder_of;
use sam_template::{Function, Interpreter};

/// The module as Python and Node import it.
const ANSWERS: [(Interpreter, &str, &str); 2] = [
    (
        Interpreter::Python,
        "cfnresponse.py",
        include_str!("cfnresponse.py"),
    ),
    (
        Interpreter::Node,
        "node_modules/cfn-response.js",
        include_str!("cfn-response.cjs"),
    ),
];

/// Writes the code, and returns its folder. Changed code gets another folder, so that a running
/// process keeps its own.
pub(super) fn write(
    function: &Function,
    interpreter: Interpreter,
    text: &str,
    all: &Path,
) -> Result<PathBuf, ExecutableError> {
    let folder = folder_of(&function.logical_id, text.as_bytes(), all);
    let answers = ANSWERS.iter().filter(|(of, ..)| *of == interpreter);
    let answers = answers.map(|(_, file, text)| (*file, *text));
    for (file, text) in answers.chain([(interpreter.inline_file(), text)]) {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(&folder);
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text));
        written.map_err(|source| ExecutableError::Inline {
            function: function.logical_id.clone(),
            path,
            source,
        })?;
    }
    Ok(folder)
}
