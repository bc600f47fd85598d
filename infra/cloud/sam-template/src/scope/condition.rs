//! Resolves conditions: Equals, And, Or, Not, and references to other conditions.

use super::super::advice;
use super::super::error::{Problem, TemplateError};
use super::super::fields::Place;
use super::super::node::{Data, Node, Position};
use super::Scope;

impl Scope<'_> {
    /// Whether the condition `name` is true.
    pub fn condition(
        &self,
        place: &Place,
        at: Position,
        name: &str,
    ) -> Result<bool, TemplateError> {
        let Some(node) = self.conditions.get(name) else {
            let known = self.conditions.keys().map(String::as_str);
            return Err(place.error(at, Problem::unknown(name, "condition", known)));
        };
        self.guarded(place, at, name, || self.holds(place, node))
    }

    fn holds(&self, place: &Place, node: &Node) -> Result<bool, TemplateError> {
        let at = node.at;
        if let Some([entry]) = node.entries()
            && entry.key == "Condition"
        {
            let name = self.literal(place, at, "Condition", &entry.value)?;
            return self.condition(place, at, name);
        }
        let Data::Call(name, argument) = &node.data else {
            return Err(place.kind(at, "condition", "a condition function"));
        };
        match name.as_str() {
            "Condition" => {
                let name = self.literal(place, at, "Condition", argument)?;
                self.condition(place, at, name)
            }
            "Equals" => {
                let [left, right] = self.arguments(place, at, "Equals", argument)?;
                Ok(self.text(place, "Equals", left)? == self.text(place, "Equals", right)?)
            }
            "Not" => {
                let [inner] = self.arguments(place, at, "Not", argument)?;
                Ok(!self.holds(place, inner)?)
            }
            "And" | "Or" => {
                let Data::List(items) = &argument.data else {
                    return Err(place.kind(at, name, "a list of conditions"));
                };
                if !(2..=10).contains(&items.len()) {
                    return Err(place.kind(at, name, "a list of two to ten conditions"));
                }
                let mut results = Vec::with_capacity(items.len());
                for item in items {
                    results.push(self.holds(place, item)?);
                }
                Ok(if name == "And" {
                    results.iter().all(|r| *r)
                } else {
                    results.iter().any(|r| *r)
                })
            }
            other => {
                let what = format!("function {other} in a condition");
                Err(place.error(at, Problem::unsupported(what, advice::function(other))))
            }
        }
    }
}
