//! Why a build failed, if a compiler is the cause: cargo's own words do not say what to do.
//!
//! Must not know: what is built.

/// The Rust release that this project needs.
const RELEASE: &str = env!("CARGO_PKG_RUST_VERSION");

/// What a compiler lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Rust's compiler is there, and older than [`RELEASE`].
    Release,
    /// Rust's compiler is not there.
    Rust,
    /// There is no C compiler or no linker.
    C,
}

/// What cargo prints, and what is the cause.
const SIGNS: [(&str, Lack); 10] = [
    ("is not supported by the following package", Lack::Release),
    ("feature `edition2024` is required", Lack::Release),
    ("`resolver` setting `3` is not valid", Lack::Release),
    (
        "this version of Cargo does not understand this lock file",
        Lack::Release,
    ),
    ("could not execute process `rustc ", Lack::Rust),
    ("the 'rustc' binary", Lack::Rust),
    ("linker `cc` not found", Lack::C),
    ("linking with `cc` failed: No such file", Lack::C),
    ("failed to find tool \"", Lack::C),
    ("Failed to find tool. Is `", Lack::C),
];

/// What a compiler lacks by the output of a failed build; `None` if the cause is another one.
pub fn lack(output: &[String]) -> Option<Lack> {
    let of_line = |line: &String| SIGNS.iter().find(|(sign, _)| line.contains(sign));
    output.iter().find_map(of_line).map(|(_, lack)| *lack)
}

/// What is wrong, and what to do.
pub fn sentence(lack: Lack) -> String {
    match lack {
        Lack::Release => format!(
            "the Rust compiler is too old: this project needs Rust {RELEASE} or later; run `rustup \
             update`, or install Rust from rustup.rs, then repeat the command"
        ),
        Lack::Rust => format!(
            "cargo finds no Rust compiler: install Rust {RELEASE} or later from rustup.rs, or put \
             rustc on the PATH, then repeat the command"
        ),
        Lack::C => "no C compiler is found, which builds the firmware and SQLite: install gcc or \
                    clang (on Debian: apt-get install gcc libc6-dev), then repeat the command"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_cargo_and_of_build_scripts_name_what_a_compiler_lacks() {
        for (line, wanted) in [
            (
                "error: rustc 1.80.0 is not supported by the following packages:",
                Some(Lack::Release),
            ),
            ("  feature `edition2024` is required", Some(Lack::Release)),
            (
                "error: could not execute process `rustc -vV` (never executed)",
                Some(Lack::Rust),
            ),
            ("error: linker `cc` not found", Some(Lack::C)),
            (
                "  error occurred in cc-rs: failed to find tool \"cc\": No such file or directory",
                Some(Lack::C),
            ),
            (
                "error[E0425]: cannot find value `rustc` in this scope",
                None,
            ),
        ] {
            let output = ["   Compiling press v0.1.0".to_owned(), line.to_owned()];
            assert_eq!(lack(&output), wanted, "{line}");
        }
    }
}
