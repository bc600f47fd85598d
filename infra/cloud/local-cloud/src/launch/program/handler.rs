//! Finds the file of a handler in the folder of its code.
//!
//! Must not know: where the folder is from.

use std::path::Path;

use sam_template::Interpreter;

/// Whether the folder has the file that the handler names.
pub(super) fn is_in(folder: &Path, handler: &str, interpreter: Interpreter) -> bool {
    let (module, candidates): (_, &[&str]) = match interpreter {
        Interpreter::Python => (
            handler
                .rsplit_once('.')
                .map_or(handler, |(module, _)| module),
            &[".py", "/__init__.py"],
        ),
        Interpreter::Node => {
            let (path, name) = handler.rsplit_once('/').unwrap_or(("", handler));
            let name = name.split('.').next().unwrap_or_default();
            let length = if path.is_empty() { 0 } else { path.len() + 1 };
            (
                &handler[..length + name.len()],
                &[".js", ".mjs", ".cjs", "/index.js"],
            )
        }
    };
    let module = match interpreter {
        Interpreter::Python => module.replace('.', "/"),
        Interpreter::Node => module.to_owned(),
    };
    let mut candidates = candidates.iter();
    candidates.any(|ending| folder.join(format!("{module}{ending}")).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("app/pack")).unwrap();
        for file in ["app/ears.py", "app/pack/__init__.py", "app/ears.mjs"] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let (python, node) = (Interpreter::Python, Interpreter::Node);
        for (handler, interpreter, expected) in [
            ("app/ears.hear", python, true),
            ("app.ears.hear", python, true),
            ("app.pack.hear", python, true),
            ("ears.hear", python, false),
            ("app/ears.hear", node, true),
            ("app/ears.inner.hear", node, true),
            ("app/pack.hear", node, false),
        ] {
            let found = is_in(folder.path(), handler, interpreter);
            assert_eq!(found, expected, "{handler} {interpreter:?}");
        }
    }
}
