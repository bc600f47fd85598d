//! The functions of a template: logical id and program.
//!
//! Must not know: anything else in a template.

use anyhow::{Context, Result, ensure};
use saphyr::{LoadableYamlNode, Yaml};

/// A function of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its logical id: `PressFunction`. SAM names the folder of the built function after it.
    pub logical_id: String,
    /// Its program: `press`.
    pub binary: String,
    /// The folder of its crate: `lambdas/press`.
    pub folder: String,
}

/// Every function, in the template's order.
///
/// # Errors
/// The template is not YAML, or a function does not name its program and folder.
pub fn functions(text: &str) -> Result<Vec<Function>> {
    let documents = Yaml::load_from_str(text).context("read the template")?;
    let template = documents.first().context("the template is empty")?;
    let resources = field(template, "Resources").and_then(Yaml::as_mapping);
    let mut functions = Vec::new();
    for (name, resource) in resources.context("the template has no Resources")? {
        let kind = field(resource, "Type").and_then(Yaml::as_str);
        if kind != Some("AWS::Serverless::Function") {
            continue;
        }
        let logical_id = name.as_str().context("a resource has no name")?;
        let text_at = |path: &[&str]| {
            let found = path.iter().try_fold(resource, |node, key| field(node, key));
            let found = found.and_then(Yaml::as_str).map(str::to_owned);
            found.with_context(|| format!("{logical_id} has no {}", path.join(".")))
        };
        functions.push(Function {
            logical_id: logical_id.to_owned(),
            binary: text_at(&["Metadata", "BuildProperties", "Binary"])?,
            folder: text_at(&["Properties", "CodeUri"])?,
        });
    }
    ensure!(!functions.is_empty(), "the template has no function");
    Ok(functions)
}

fn field<'a>(node: &'a Yaml<'a>, key: &str) -> Option<&'a Yaml<'a>> {
    node.as_mapping_get(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_its_program_and_other_resources_have_none() {
        let text = "\
Resources:
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Ref AWS::StackName}}
  PressFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: press}}
    Properties: {CodeUri: lambdas/press, Role: !GetAtt PressRole.Arn}
";
        let press = Function {
            logical_id: "PressFunction".to_owned(),
            binary: "press".to_owned(),
            folder: "lambdas/press".to_owned(),
        };
        assert_eq!(functions(text).expect("read the template"), [press]);
        let nameless = text.replace("Binary: press", "Release: true");
        let error = functions(&nameless).expect_err("no program").to_string();
        assert_eq!(
            error,
            "PressFunction has no Metadata.BuildProperties.Binary"
        );
    }
}
