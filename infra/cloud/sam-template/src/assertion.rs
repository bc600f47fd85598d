//! Evaluates the section `Rules`: assertions about the parameters, before anything is made.
//!
//! A rule sees parameters and pseudo parameters (a stack may refuse a region by `AWS::Region`), and
//! no resource, mapping or condition.
//!
//! Source: CloudFormation user guide, "Rules" and "Rule-specific intrinsic functions".

use super::advice;
use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::node::{Data, Entry, Node};
use super::parameter::Parameter;
use super::scope::Scope;

/// Checks every rule; the first assertion that is false refuses the template.
pub(super) fn check(
    scope: &Scope<'_>,
    place: &dyn Fn(&str) -> Place,
    root: &Node,
) -> Result<(), TemplateError> {
    let rules = root.get("Rules").and_then(Node::entries);
    for rule in rules.unwrap_or_default() {
        check_rule(scope, place(&rule.key), rule)?;
    }
    Ok(())
}

fn check_rule(scope: &Scope<'_>, place: Place, rule: &Entry) -> Result<(), TemplateError> {
    let evaluation = Evaluation {
        scope,
        place: &place,
    };
    let mut fields = Fields::new(place.clone(), "", rule.value.clone())?;
    let condition = fields.take("RuleCondition");
    let assertions = fields.list("Assertions")?;
    let assertions = assertions.ok_or_else(|| fields.missing("Assertions"))?;
    fields.finish()?;
    let applies = condition.map(|condition| evaluation.holds(&condition));
    let applies = applies.transpose()?.unwrap_or(true);
    for node in assertions {
        let at = node.at;
        let mut fields = Fields::new(place.clone(), "Assertions", node)?;
        let assertion = fields.take("Assert");
        let assertion = assertion.ok_or_else(|| fields.missing("Assert"))?;
        let description = fields.text("AssertDescription")?;
        fields.finish()?;
        // Evaluated in any case, so that a mistake in it is found.
        if !evaluation.holds(&assertion)? && applies {
            let description = description.unwrap_or_else(|| "an assertion is false".to_owned());
            return Err(place.error(at, Problem::Assertion(description.trim().to_owned())));
        }
    }
    Ok(())
}

struct Evaluation<'a> {
    scope: &'a Scope<'a>,
    place: &'a Place,
}

impl Evaluation<'_> {
    fn holds(&self, node: &Node) -> Result<bool, TemplateError> {
        let Data::Call(name, argument) = &node.data else {
            return Err(self
                .place
                .kind(node.at, "an assertion", "a function of rules"));
        };
        let expected = "a list of the function's arguments";
        let Data::List(items) = &argument.data else {
            return Err(self.place.kind(node.at, name, expected));
        };
        match (name.as_str(), items.as_slice()) {
            ("Not", [inner]) => Ok(!self.holds(inner)?),
            ("And" | "Or", items) if (2..=10).contains(&items.len()) => {
                let results = items.iter().map(|item| self.holds(item));
                let results = results.collect::<Result<Vec<bool>, _>>()?;
                Ok(match name.as_str() {
                    "And" => results.iter().all(|holds| *holds),
                    _ => results.iter().any(|holds| *holds),
                })
            }
            ("Equals", [left, right]) => Ok(self.text(left)? == self.text(right)?),
            ("Contains", [list, text]) => Ok(self.texts(list)?.contains(&self.text(text)?)),
            ("EachMemberIn", [some, all]) => {
                let (some, all) = (self.texts(some)?, self.texts(all)?);
                Ok(some.iter().all(|text| all.contains(text)))
            }
            ("EachMemberEquals", [list, text]) => {
                let text = self.text(text)?;
                Ok(self.texts(list)?.iter().all(|item| *item == text))
            }
            (
                "Not" | "And" | "Or" | "Equals" | "Contains" | "EachMemberIn" | "EachMemberEquals",
                _,
            ) => Err(self.place.kind(node.at, name, expected)),
            (other, _) => {
                let what = format!("function {other} in a rule");
                let problem = Problem::unsupported(what, advice::function_of_rule(other));
                Err(self.place.error(node.at, problem))
            }
        }
    }

    /// A literal text, or the value of a parameter or pseudo parameter.
    fn text(&self, node: &Node) -> Result<String, TemplateError> {
        let resolved = match &node.data {
            Data::Call(..) => self.referred(node)?,
            _ => node.clone(),
        };
        let text = resolved.as_text().map(str::to_owned);
        text.ok_or_else(|| {
            self.place
                .kind(node.at, "an argument of a rule", "text or a Ref to it")
        })
    }

    fn texts(&self, node: &Node) -> Result<Vec<String>, TemplateError> {
        let resolved = match &node.data {
            Data::Call(..) => self.referred(node)?,
            _ => node.clone(),
        };
        match &resolved.data {
            Data::List(items) => items.iter().map(|item| self.text(item)).collect(),
            _ => Err(self
                .place
                .kind(node.at, "an argument of a rule", "a list or a Ref to it")),
        }
    }

    fn referred(&self, node: &Node) -> Result<Node, TemplateError> {
        let Data::Call(function, argument) = &node.data else {
            return Ok(node.clone());
        };
        let name = match (function.as_str(), &argument.data) {
            ("Ref", Data::String(name)) => name,
            _ => {
                let what = format!("function {function} in a rule");
                let problem = Problem::unsupported(what, advice::function_of_rule(function));
                return Err(self.place.error(node.at, problem));
            }
        };
        if let Some(parameter) = self.scope.parameters.get(name) {
            return Ok(Parameter::node(parameter, node.at));
        }
        if name.starts_with("AWS::") {
            let value = self.scope.reference(self.place, node.at, name)?;
            return value
                .ok_or_else(|| self.place.kind(node.at, name, "a pseudo parameter's value"));
        }
        let known = self.scope.parameters.keys().map(String::as_str);
        let problem = Problem::unknown(name, "parameter", known);
        Err(self.place.error(node.at, problem))
    }
}
