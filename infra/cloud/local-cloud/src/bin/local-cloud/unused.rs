//! Finds arguments that cannot have an effect with a template, such as a misspelled type, and those
//! that are missing.
//!
//! Must not know: what the arguments mean.

use local_cloud::StartError;
use sam_template::{Context, inert_needed};

use super::command::Command;

/// A sentence on each argument whose name the template does not contain.
pub fn find(command: &Command, template: &str) -> Vec<String> {
    let cloud = &command.cloud;
    let is_absent = |name: &str| name.is_empty() || !template.contains(name);
    let mut found = Vec::new();
    for kind in &cloud.inert {
        if is_absent(kind.trim_end_matches('*')) {
            found.push(format!(
                "--inert {kind}: the template has no type, event or action of this name"
            ));
        }
    }
    for reference in &cloud.references {
        let (form, what) = if reference.starts_with("import:") {
            ("ImportValue", "imports nothing")
        } else {
            ("{{resolve:", "has no dynamic reference")
        };
        if is_absent(form) {
            found.push(format!("--resolve {reference}: the template {what}"));
        }
    }
    for binary in &command.binaries {
        let name = binary.split('=').next().unwrap_or_default();
        if is_absent(name) {
            found.push(format!(
                "--binary {binary}: the template has no function with this logical id or binary"
            ));
        }
    }
    found
}

/// The options `--inert` that a refused template needs altogether, if it needs several.
pub fn needed(refused: &StartError, template: &str, context: &Context) -> String {
    let StartError::Template(_) = refused else {
        return String::new();
    };
    let needed = inert_needed(template, context);
    if needed.len() < 2 {
        return String::new();
    }
    let options = needed.iter().map(|kind| format!(" --inert {kind}"));
    let options: String = options.collect();
    format!("; what is not supported in all:{options}")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn found(arguments: &[&str]) -> Vec<String> {
        let fixed = ["local-cloud", "--template", "t.yaml"];
        let command = Command::parse_from(fixed.iter().chain(arguments));
        let template = "Ears: {Type: AWS::Serverless::Function}\nPool: {Type: AWS::Cognito::Pool}\n\
                        Value: '{{resolve:ssm:/a}}'\nMetadata: {Binary: ears}";
        find(&command, template)
    }

    #[test]
    fn an_argument_without_effect_is_found() {
        for used in [
            ["--inert", "AWS::Cognito::Pool"],
            ["--inert", "AWS::Cognito::*"],
            ["--resolve", "ssm:/a=1"],
            ["--binary", "ears=x"],
            ["--binary", "Ears=x"],
        ] {
            assert_eq!(found(&used), [""; 0], "{used:?}");
        }
        for (option, value) in [
            ("--inert", "AWS::Cognito::Pol"),
            ("--inert", "cognito"),
            ("--inert", ""),
            ("--resolve", "import:a=1"),
            ("--binary", "nose=x"),
        ] {
            let found = found(&[option, value]);
            assert_eq!(found.len(), 1, "{option} {value}: {found:?}");
            assert!(found[0].starts_with(&format!("{option} {value}: the template ")));
        }
    }
}
