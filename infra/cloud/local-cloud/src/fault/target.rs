//! What a fault can strike: the functions and tables of the running template.
//!
//! Topics need not be known: any client may publish on one. Must not know: when a fault strikes.

use super::Fault;
use sam_template::Template;

/// The functions and tables of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Logical id, binary and name of each.
    functions: Vec<[String; 3]>,
    tables: Vec<String>,
}

/// A fault that could never strike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault {fault}: no {wanted} {target}; the template has {there}")]
pub struct UnknownTarget {
    /// The fault as the user wrote it.
    pub fault: String,
    /// `function`, or `function or table`.
    pub wanted: &'static str,
    /// The name in the fault.
    pub target: String,
    /// The names in the template.
    pub there: String,
}

impl Targets {
    /// The targets in `template`.
    pub fn of(template: &Template) -> Self {
        let names = |function: &sam_template::Function| {
            [&function.logical_id, &function.binary, &function.name].map(Clone::clone)
        };
        Self {
            functions: template.functions.iter().map(names).collect(),
            tables: template
                .tables
                .iter()
                .map(|table| table.name.clone())
                .collect(),
        }
    }

    /// Checks that `fault` names a function or table of the template.
    ///
    /// # Errors
    /// [`UnknownTarget`], with the names that the template has.
    pub fn check(&self, fault: &Fault) -> Result<(), UnknownTarget> {
        let is_function = |target: &String| {
            let mut names = self.functions.iter().flatten();
            names.any(|name| name == target)
        };
        let (wanted, target, is_there) = match fault {
            Fault::Kill { function, .. } | Fault::Event { function, .. } => {
                ("function", function, is_function(function))
            }
            Fault::Call {
                target: Some(target),
                ..
            } => {
                let is_table = self.tables.contains(target);
                ("function or table", target, is_table || is_function(target))
            }
            Fault::Call { target: None, .. } | Fault::Message { .. } | Fault::Device { .. } => {
                return Ok(());
            }
        };
        if is_there {
            return Ok(());
        }
        Err(UnknownTarget {
            fault: fault.to_string(),
            wanted,
            target: target.clone(),
            there: self.there(),
        })
    }

    /// `functions press (PressFunction), report (ReportFunction); tables Items`.
    fn there(&self) -> String {
        let functions = self
            .functions
            .iter()
            .map(|[logical_id, binary, _]| format!("{binary} ({logical_id})"));
        let functions = functions.collect::<Vec<_>>().join(", ");
        format!("functions {functions}; tables {}", self.tables.join(", "))
    }
}
