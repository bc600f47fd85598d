//! Which functions may write logs. A function whose role does not allow it logs nothing in AWS, and
//! AWS does not report it.
//!
//! Source: Lambda developer guide, "Sending Lambda function logs to CloudWatch Logs".
//!
//! Must not know: what a line says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::Iam;
use crate::account::Account;
use crate::event::EventKind;
use crate::sync::read;
use aws_policy::{Decision, Document};
use sam_template::{Function, Template};

const ACTIONS: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

/// A function that cannot write its logs.
#[derive(Debug)]
pub struct Silent {
    role_arn: String,
    statement: String,
    is_reported: AtomicBool,
}

/// The functions of a template that cannot write their logs, by name.
pub(super) fn silent_functions(
    template: &Template,
    roles: &BTreeMap<String, Vec<Document>>,
    account: &Account,
) -> BTreeMap<String, Silent> {
    let silent = |function: &Function| {
        let documents = roles.get(&function.role_arn).map(Vec::as_slice);
        let own = || format!("/aws/lambda/{}", function.name);
        let group = function.log_group.clone().unwrap_or_else(own);
        let stream = account.arn("logs", format!("log-group:{group}:log-stream:any"));
        let is_allowed = ACTIONS.iter().all(|action| {
            let request = aws_policy::Request {
                action,
                resource: &stream,
                variables: &BTreeMap::new(),
            };
            aws_policy::evaluate(documents.unwrap_or_default(), &request) == Decision::Allow
        });
        let resource = account.arn("logs", format!("log-group:{group}:*"));
        let statement = json!({"Effect": "Allow", "Action": ACTIONS, "Resource": resource});
        (!is_allowed).then(|| Silent {
            role_arn: function.role_arn.clone(),
            statement: statement.to_string(),
            is_reported: AtomicBool::new(false),
        })
    };
    let functions = template.functions.iter();
    functions
        .filter_map(|f| Some((f.name.clone(), silent(f)?)))
        .collect()
}

impl Iam {
    /// Whether the function with this name may write logs. The first line that is lost is reported
    /// with the statement that would allow it.
    pub fn may_log(&self, function: &str) -> bool {
        let roles = read(&self.inner.roles);
        let Some(silent) = roles.silent.get(function) else {
            return true;
        };
        if !silent.is_reported.swap(true, Ordering::Relaxed) {
            let (role, statement) = (&silent.role_arn, &silent.statement);
            tracing::warn!(
                function,
                "logs are lost: to keep them, add {statement} to {role}"
            );
            self.inner.events.emit(EventKind::MissingRight {
                role: role.clone(),
                statement: statement.clone(),
                why: format!("because no identity-based policy allows {function} to write logs"),
            });
        }
        false
    }
}
