//! What roles and users may do: every call of a function or user and every action of a rule is
//! checked against the policies that the template gives to the role or user.
//!
//! Source: IAM user guide, "Policy evaluation logic" and "Troubleshoot access denied error
//! messages".
//!
//! Must not know: what a service does with a call.

mod call;
mod fleet;
mod iot_data;
mod log;
mod managed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde_json::{Value, json};

use crate::account::Account;
use crate::caller::Caller;
use crate::clock::{Clock, iso_8601};
use crate::event::{EventBus, EventKind};
use crate::sync::{read, write};
use aws_policy::{Decision, Document, PolicyError};
use sam_template::{EventSource, Function, SourceKind, Template};

pub use call::permitted;
pub use iot_data::authorised;

/// Why the roles of a template are refused.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// A policy of a role is malformed or unsupported.
    #[error("read policy {number} of {owner}")]
    Policy {
        /// Logical id of the role, or of the function whose role it is.
        owner: String,
        /// Its number among the policies of the role, from 1.
        number: usize,
        /// What is wrong.
        #[source]
        source: PolicyError,
    },
    /// A function may not send to its destination, or read its queue or stream. AWS checks that at
    /// set-up.
    #[error(
        "function {function}: its execution role may not call {action} on {resource}: \
         add a statement that allows it to the role's policies"
    )]
    Role {
        /// Logical id.
        function: String,
        /// Such as `sqs:SendMessage`.
        action: &'static str,
        /// ARN.
        resource: String,
    },
}

/// A right that a call needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Such as `iot:Publish`.
    pub action: String,
    /// ARN, or `*` for an action without resources.
    pub resource: String,
    /// Condition keys that only this call has.
    pub keys: BTreeMap<String, String>,
}

impl Need {
    /// A right that adds no condition keys.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            keys: BTreeMap::new(),
        }
    }
}

/// The principal of a check: the ARN that is reported, and the role or managed policy that applies.
#[derive(Debug, Clone, Copy)]
struct Principal<'a> {
    arn: &'a str,
    role_arn: &'a str,
    /// Whether it is a user, whose `aws:PrincipalArn` is its own ARN.
    is_user: bool,
}

/// A denied call, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("User: {user} is not authorized to perform: {action} on resource: {resource} {why}")]
pub struct Denial {
    user: String,
    action: String,
    resource: String,
    why: String,
}

/// The policies of a template.
#[derive(Debug, Default)]
pub struct Roles {
    /// By ARN of the role, or of the managed policy that a user has.
    documents: BTreeMap<String, Vec<Document>>,
    /// Functions that cannot write logs, by name.
    silent: BTreeMap<String, log::Silent>,
}

/// All roles; clones share them.
#[derive(Debug, Clone)]
pub struct Iam {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    roles: RwLock<Roles>,
    events: EventBus,
    clock: Clock,
}

impl Iam {
    /// Reads the roles of a template.
    ///
    /// # Errors
    ///
    /// See [`IamError`].
    pub fn new(
        template: &Template,
        account: Account,
        events: EventBus,
        clock: Clock,
    ) -> Result<Self, IamError> {
        let iam = Self {
            inner: Arc::new(Inner {
                account,
                roles: RwLock::default(),
                events,
                clock,
            }),
        };
        iam.replace(iam.read_roles(template)?);
        Ok(iam)
    }

    /// Puts the roles of a changed template in force.
    pub fn replace(&self, roles: Roles) {
        *write(&self.inner.roles) = roles;
    }

    /// Reads the roles of a template and changes nothing.
    ///
    /// # Errors
    ///
    /// See [`IamError`].
    pub fn read_roles(&self, template: &Template) -> Result<Roles, IamError> {
        let mut roles = BTreeMap::new();
        for policy in &template.managed_policies {
            let document = std::slice::from_ref(&policy.document);
            let documents = self.read_documents(template, &policy.logical_id, document)?;
            roles.insert(policy.arn.clone(), documents);
        }
        for role in &template.roles {
            let documents = self.read_documents(template, &role.logical_id, &role.documents)?;
            roles.insert(role.arn.clone(), documents);
        }
        for function in &template.functions {
            let documents =
                self.read_documents(template, &function.logical_id, &function.role_policies)?;
            let of_role: &mut Vec<Document> = roles.entry(function.role_arn.clone()).or_default();
            of_role.extend(documents);
            if function.role_is_own {
                // As SAM does for the role that it makes.
                of_role.extend(self.read_documents(template, "SAM", &[managed::LOGGING.into()])?);
            }
            let Some(destination) = &function.on_failure else {
                continue;
            };
            let action = send_action(destination);
            if function.role_is_own {
                // As SAM does for the role that it makes.
                let allow = json!({"Effect": "Allow", "Action": action, "Resource": destination});
                of_role.extend(self.read_documents(
                    template,
                    "SAM",
                    &[json!({"Statement": allow})],
                )?);
            }
            check_at_set_up(&roles, function, action, destination)?;
        }
        for source in &template.event_sources {
            let mut functions = template.functions.iter();
            let target = source.function_arn.as_str();
            let Some(function) = functions.find(|f| f.qualifier_in(target).is_some()) else {
                continue;
            };
            for (action, resource) in calls_of_source(source) {
                check_at_set_up(&roles, function, action, resource)?;
            }
        }
        let silent = log::silent_functions(template, &roles, &self.inner.account);
        Ok(Roles {
            documents: roles,
            silent,
        })
    }

    fn read_documents(
        &self,
        template: &Template,
        owner: &str,
        policies: &[Value],
    ) -> Result<Vec<Document>, IamError> {
        let mut documents = Vec::new();
        for (index, policy) in policies.iter().enumerate() {
            if managed::is_unknown(policy) {
                tracing::warn!(
                    "{}: the rights of the managed policy {policy} are not known here: it \
                     allows nothing; write the statements that are needed into the role",
                    template.places.of(owner)
                );
            }
            let document = managed::expand(policy, &self.inner.account)
                .and_then(|policy| Document::parse_identity(&policy));
            let document = document.map_err(|source| IamError::Policy {
                owner: owner.to_owned(),
                number: index + 1,
                source,
            })?;
            documents.push(document);
        }
        Ok(documents)
    }

    /// Checks that a caller has all of these rights; the operator has every right.
    ///
    /// # Errors
    ///
    /// The first [`Denial`].
    pub fn check(&self, caller: &Caller, needs: &[Need]) -> Result<(), Denial> {
        let role_arn = match (&caller.function, &caller.policy_arn) {
            (Some(function), _) => &function.role_arn,
            (None, Some(policy)) => policy,
            (None, None) => return Ok(()),
        };
        let principal = Principal {
            arn: &caller.arn,
            role_arn,
            is_user: caller.function.is_none(),
        };
        needs
            .iter()
            .try_for_each(|need| self.evaluate(principal, need))
    }

    /// Checks a role that a service has assumed under the session name `session`.
    ///
    /// # Errors
    ///
    /// The [`Denial`].
    pub fn check_role(&self, role_arn: &str, session: &str, need: &Need) -> Result<(), Denial> {
        let role = role_arn.rsplit('/').next().unwrap_or_default();
        let resource = format!("assumed-role/{role}/{session}");
        let principal = Principal {
            arn: &self.inner.account.global_arn("sts", resource),
            role_arn,
            is_user: false,
        };
        self.evaluate(principal, need)
    }

    /// Whether the stack has a role with this ARN.
    pub fn has_role(&self, role_arn: &str) -> bool {
        read(&self.inner.roles).documents.contains_key(role_arn)
    }

    fn evaluate(&self, principal: Principal<'_>, need: &Need) -> Result<(), Denial> {
        let mut variables = need.keys.clone();
        let now_ms = self.inner.clock.now_ms();
        let principal_arn = if principal.is_user {
            principal.arn
        } else {
            principal.role_arn
        };
        for (key, value) in [
            ("aws:CurrentTime", iso_8601(now_ms)),
            ("aws:EpochTime", (now_ms / 1000).to_string()),
            ("aws:PrincipalAccount", self.inner.account.id.clone()),
            ("aws:PrincipalArn", principal_arn.to_owned()),
            ("aws:RequestedRegion", self.inner.account.region.clone()),
            // In AWS every call uses TLS.
            ("aws:SecureTransport", "true".to_owned()),
        ] {
            variables.insert(key.to_owned(), value);
        }
        let roles = read(&self.inner.roles);
        let documents = roles.documents.get(principal.role_arn);
        if documents.is_none() {
            let why = "because the template does not declare this role".to_owned();
            return Err(self.deny(principal, need, why));
        }
        let documents = documents.map(Vec::as_slice);
        let request = aws_policy::Request {
            action: &need.action,
            resource: &need.resource,
            variables: &variables,
        };
        let why = match aws_policy::evaluate(documents.unwrap_or_default(), &request) {
            Decision::Allow => return Ok(()),
            Decision::ExplicitDeny => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            Decision::ImplicitDeny => {
                let action = &need.action;
                format!("because no identity-based policy allows the {action} action")
            }
        };
        Err(self.deny(principal, need, why))
    }

    /// Reports a denial and the statement that would allow the call.
    fn deny(&self, principal: Principal<'_>, need: &Need, why: String) -> Denial {
        let (action, resource) = (&need.action, &need.resource);
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
        tracing::warn!(
            user = principal.arn,
            action,
            resource,
            "access denied {why}: to allow it, add {statement} to the policies of {}",
            principal.role_arn
        );
        self.inner.events.emit(EventKind::Denied {
            client: principal.arn.to_owned(),
            action: action.clone(),
            resource: resource.clone(),
        });
        self.inner.events.emit(EventKind::MissingRight {
            role: principal.role_arn.to_owned(),
            statement: statement.to_string(),
            why: why.clone(),
        });
        Denial {
            user: principal.arn.to_owned(),
            action: action.clone(),
            resource: resource.clone(),
            why,
        }
    }
}

/// Checks a right that AWS checks when a function is set up, not at a call.
fn check_at_set_up(
    roles: &BTreeMap<String, Vec<Document>>,
    function: &Function,
    action: &'static str,
    resource: &str,
) -> Result<(), IamError> {
    let documents = roles.get(&function.role_arn).map(Vec::as_slice);
    let request = aws_policy::Request {
        action,
        resource,
        variables: &BTreeMap::new(),
    };
    match aws_policy::evaluate(documents.unwrap_or_default(), &request) {
        Decision::Allow => Ok(()),
        _ => Err(IamError::Role {
            function: function.logical_id.clone(),
            action,
            resource: resource.to_owned(),
        }),
    }
}

/// The calls that an event source makes with the role of its function.
fn calls_of_source(source: &EventSource) -> Vec<(&'static str, &str)> {
    let on_source = |action: &&'static str| (*action, source.source_arn.as_str());
    match &source.kind {
        SourceKind::Queue { .. } => managed::READ_QUEUE.iter().map(on_source).collect(),
        SourceKind::Stream(reading) => {
            let destination = reading.on_failure.as_deref();
            let send = destination.map(|arn| (send_action(arn), arn));
            let reads = managed::READ_STREAM.iter().map(on_source);
            reads.chain(send).collect()
        }
    }
}

/// The action that sends to a destination.
fn send_action(arn: &str) -> &'static str {
    match arn.split(':').nth(2) {
        Some("sns") => "sns:Publish",
        Some("lambda") => "lambda:InvokeFunction",
        _ => "sqs:SendMessage",
    }
}
