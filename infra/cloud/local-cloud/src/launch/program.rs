//! Finds what each function runs: the executable given for it, the `bootstrap` of its folder, or
//! its folder and the interpreter of its language; and the folders of its layers.
//!
//! Source: AWS Lambda developer guide, "Building a custom runtime" and "Lambda layers".
//!
//! Must not know: how a program is run.

mod file;
mod handler;
mod inline;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::outside::is_outside;
use crate::Options;
use crate::folder::Folder;
use lambda_host::{find_interpreter, interpreter_names};
use sam_template::{Function, Interpreter, Template};

/// Why a function has no program.
#[derive(Debug, thiserror::Error)]
pub enum ExecutableError {
    /// No executable was given, and the function's folder does not contain one.
    #[error(
        "function {function}: no executable: put one named `bootstrap` into {folder}, name one \
         with --binary {binary}=PATH, start it yourself with --no-start {function}, or run sam \
         build and start with .aws-sam/build/template.yaml"
    )]
    None {
        /// Logical id.
        function: String,
        /// Folder of its code.
        folder: PathBuf,
        /// Name of its binary.
        binary: String,
    },
    /// The file lacks the permission to execute.
    #[error("function {function}: {path} is not executable: chmod +x it")]
    NotExecutable {
        /// Logical id.
        function: String,
        /// Path of the file.
        path: PathBuf,
    },
    /// The code is in a bucket.
    #[error(
        "function {function}: its code is {uri}, which is not here: name a folder that holds it \
         with --binary {binary}=FOLDER, or start the function yourself with --no-start {function}"
    )]
    Elsewhere {
        /// Logical id.
        function: String,
        /// Where the code is.
        uri: String,
        /// Name of its binary.
        binary: String,
    },
    /// Nothing here runs its runtime.
    #[error(
        "function {function}: the runtime {runtime} is not run here: name an executable that \
         speaks the Lambda Runtime API, or a folder with its `bootstrap`, with \
         --binary {binary}=PATH, or start the function yourself with --no-start {function}; this \
         machine runs python3.N and nodejsN.x, and the executables of provided.al2023 and \
         provided.al2"
    )]
    NotRun {
        /// Logical id.
        function: String,
        /// `Runtime`.
        runtime: String,
        /// Name of its binary.
        binary: String,
    },
    /// The folder lacks the file of the handler.
    #[error(
        "function {function}: no code: {folder} has no file of the handler {handler}: put it \
         there, name another folder with --binary {function}=FOLDER, or run sam build and start \
         with .aws-sam/build/template.yaml"
    )]
    NoHandler {
        /// Logical id.
        function: String,
        /// `Handler`.
        handler: String,
        /// Folder of its code.
        folder: PathBuf,
    },
    /// No interpreter of its language is on this machine.
    #[error(
        "function {function}: the runtime {runtime} needs {names} on the PATH, and none is there: \
         install one, or name an executable with --binary {function}=PATH"
    )]
    NoInterpreter {
        /// Logical id.
        function: String,
        /// `Runtime`.
        runtime: String,
        /// Names that were tried.
        names: String,
    },
    /// The folder of a layer does not exist.
    #[error("layer {layer}: no folder {folder}: put the layer's content there")]
    NoLayer {
        /// Logical id.
        layer: String,
        /// Folder of its content.
        folder: PathBuf,
    },
    /// Code or a layer that is a single file cannot be put into a folder of its own.
    #[error("{id}: put {path} into a folder of its own")]
    File {
        /// Logical id of the function or layer.
        id: String,
        /// Path of the file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<zip::result::ZipError>,
    },
    /// Code of the template cannot be written to a folder of its own.
    #[error("function {function}: write its inline code to {path}")]
    Inline {
        /// Logical id.
        function: String,
        /// Path of the file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// What functions run.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs {
    /// Path of each function's executable, or folder of its code, by binary name.
    pub binaries: BTreeMap<String, PathBuf>,
    /// Path of the interpreter by runtime.
    pub interpreters: BTreeMap<String, PathBuf>,
    /// Folder of each layer by ARN.
    pub layers: BTreeMap<String, PathBuf>,
}

/// What the functions of `template` run. Inline code is written below `folder`.
pub(super) fn programs(
    options: &Options,
    template: &Template,
    folder: &Folder,
) -> Result<Programs, ExecutableError> {
    let mut programs = Programs {
        layers: layers(options, template, folder)?,
        ..Programs::default()
    };
    for function in &template.functions {
        let given = options.binaries.get(&function.binary);
        let path = match (given, function.interpreter()) {
            (Some(path), _) if !path.is_dir() && !file::is_archive(path) => path.clone(),
            _ if is_outside(options, function) => code_of_outside(options, function, folder)?,
            (_, Some(interpreter)) => {
                programs.add_interpreter(template, function)?;
                code(options, function, interpreter, folder)?
            }
            (None, None) if !function.is_executable() => {
                return Err(ExecutableError::NotRun {
                    function: function.logical_id.clone(),
                    runtime: function.runtime.clone(),
                    binary: function.binary.clone(),
                });
            }
            (_, None) => bootstrap(options, function, folder)?,
        };
        programs.binaries.insert(function.binary.clone(), path);
    }
    for function in &template.functions {
        let place = template.places.of(&function.logical_id);
        let absent = |arn: &&String| !programs.layers.contains_key(*arn);
        for arn in function.layers.iter().filter(absent) {
            tracing::warn!(
                "{place}: layer {arn} is not here: the function runs without it; declare an \
                 AWS::Serverless::LayerVersion whose ContentUri is a folder"
            );
        }
    }
    Ok(programs)
}

impl Programs {
    fn add_interpreter(
        &mut self,
        template: &Template,
        function: &Function,
    ) -> Result<(), ExecutableError> {
        let runtime = &function.runtime;
        if self.interpreters.contains_key(runtime) {
            return Ok(());
        }
        let Some(found) = find_interpreter(runtime) else {
            return Err(ExecutableError::NoInterpreter {
                function: function.logical_id.clone(),
                runtime: runtime.clone(),
                names: interpreter_names(runtime).join(" or "),
            });
        };
        if !found.is_same {
            let (path, version) = (found.path.display(), &found.version);
            let place = template.places.of(&function.logical_id);
            tracing::warn!("{place}: {runtime} is run by {path}, which is version {version}");
        }
        self.interpreters.insert(runtime.clone(), found.path);
        Ok(())
    }
}

/// The folder of a function's code: the one given for it, or the template's.
pub(super) fn folder(options: &Options, function: &Function) -> PathBuf {
    match options.binaries.get(&function.binary) {
        Some(path) => path.clone(),
        None => root(options).join(&function.code_uri),
    }
}

fn root(options: &Options) -> &Path {
    options.template.parent().unwrap_or(Path::new("."))
}

fn layers(
    options: &Options,
    template: &Template,
    written: &Folder,
) -> Result<BTreeMap<String, PathBuf>, ExecutableError> {
    let mut found = BTreeMap::new();
    for layer in &template.layers {
        if is_elsewhere(&layer.content_uri) {
            continue;
        }
        let folder = root(options).join(&layer.content_uri);
        let failed = |folder| ExecutableError::NoLayer {
            layer: layer.logical_id.clone(),
            folder,
        };
        let path = match folder.canonicalize() {
            Ok(path) if path.is_dir() => path,
            Ok(path) if file::is_archive(&path) => {
                file::place(&layer.logical_id, &path, &written.code())?
            }
            _ => return Err(failed(folder)),
        };
        let path = if layer.is_source && !path.join("python").exists() {
            let arranged = written.code().join(&layer.logical_id);
            arrange(&path, &arranged).map_err(|_| failed(folder))?;
            arranged
        } else {
            path
        };
        found.insert(layer.arn.clone(), path);
    }
    Ok(found)
}

/// Puts a folder that `sam build` would build where it would put it in the layer.
fn arrange(source: &Path, layer: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(layer)?;
    for name in ["python", "nodejs"] {
        let link = layer.join(name);
        if link.is_symlink() {
            std::fs::remove_file(&link)?;
        }
        std::os::unix::fs::symlink(source, link)?;
    }
    Ok(())
}

fn is_elsewhere(uri: &str) -> bool {
    uri.starts_with("s3://")
}

/// The code of a function that is not started here. It need not be there: it may be built later,
/// or run from elsewhere.
fn code_of_outside(
    options: &Options,
    function: &Function,
    written: &Folder,
) -> Result<PathBuf, ExecutableError> {
    if let Some(interpreter) = function.interpreter() {
        let found = code(options, function, interpreter, written);
        if let Ok(_) | Err(ExecutableError::Inline { .. } | ExecutableError::File { .. }) = found {
            return found;
        }
    }
    let folder = match existing_folder(options, function) {
        Ok(file) if file.is_file() => return Ok(file),
        Ok(folder) => folder,
        Err(_) => root(options).join("."),
    };
    Ok(folder.join("bootstrap"))
}

/// The folder with the code of a handler.
fn code(
    options: &Options,
    function: &Function,
    interpreter: Interpreter,
    written: &Folder,
) -> Result<PathBuf, ExecutableError> {
    if let Some(text) = &function.inline_code {
        return inline::write(function, interpreter, text, &written.code());
    }
    let folder = existing_folder(options, function)?;
    let missing = |folder| ExecutableError::NoHandler {
        function: function.logical_id.clone(),
        handler: function.handler.clone(),
        folder,
    };
    // The process starts in its own folder, so its path must not be relative to ours.
    let Ok(path) = folder.canonicalize() else {
        return Err(missing(folder));
    };
    let code = if path.is_file() {
        file::place(&function.logical_id, &path, &written.code())?
    } else {
        path.clone()
    };
    let has_handler = handler::is_in(&code, &function.handler, interpreter);
    if has_handler || !function.layers.is_empty() {
        Ok(code)
    } else {
        Err(missing(path))
    }
}

fn existing_folder(options: &Options, function: &Function) -> Result<PathBuf, ExecutableError> {
    let is_given = options.binaries.contains_key(&function.binary);
    if !is_given && is_elsewhere(&function.code_uri) {
        return Err(ExecutableError::Elsewhere {
            function: function.logical_id.clone(),
            uri: function.code_uri.clone(),
            binary: function.binary.clone(),
        });
    }
    Ok(folder(options, function))
}

/// The executable of a runtime that is its own.
fn bootstrap(
    options: &Options,
    function: &Function,
    written: &Folder,
) -> Result<PathBuf, ExecutableError> {
    let folder = existing_folder(options, function)?;
    let folder = if file::is_archive(&folder) && folder.is_file() {
        file::place(&function.logical_id, &folder, &written.code())?
    } else {
        folder
    };
    let is_program = folder.ends_with("bootstrap") && folder.is_file();
    let path = if is_program {
        folder.clone()
    } else {
        folder.join("bootstrap")
    };
    // The process starts in its own folder, so its path must not be relative to ours.
    let Ok(path) = path.canonicalize() else {
        return Err(ExecutableError::None {
            function: function.logical_id.clone(),
            folder,
            binary: function.binary.clone(),
        });
    };
    if !is_executable(&path) {
        return Err(ExecutableError::NotExecutable {
            function: function.logical_id.clone(),
            path,
        });
    }
    Ok(path)
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
