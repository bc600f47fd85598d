//! The `Principal` element: whom a statement of a resource's policy is about.
//!
//! Must not know: actions, resources, conditions.
//!
//! Source: IAM user guide, "AWS JSON policy elements: Principal".

use serde_json::Value;

use super::{PolicyError, malformed, to_texts};

/// Who calls a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'a> {
    /// A service of AWS, such as `cloudwatch.amazonaws.com`.
    Service(&'a str),
    /// A user or a role.
    Identity {
        /// Its ARN.
        arn: &'a str,
        /// Its account, twelve digits.
        account: &'a str,
    },
}

/// The principals that a statement names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Principals {
    is_everyone: bool,
    services: Vec<String>,
    identities: Vec<String>,
}

impl Principals {
    /// Reads a `Principal` element.
    pub fn read(value: Option<&Value>) -> Result<Self, PolicyError> {
        let mut principals = Self {
            is_everyone: false,
            services: Vec::new(),
            identities: Vec::new(),
        };
        match value {
            Some(Value::String(text)) if text == "*" => principals.is_everyone = true,
            Some(Value::Object(kinds)) if !kinds.is_empty() => {
                for (kind, names) in kinds {
                    let Some(names) = to_texts(Some(names)) else {
                        return malformed(format!("Principal.{kind} is not text"));
                    };
                    match kind.as_str() {
                        "Service" => principals.services.extend(names),
                        "AWS" if names.iter().any(|name| name == "*") => {
                            principals.is_everyone = true;
                        }
                        "AWS" => principals.identities.extend(names),
                        other => {
                            return malformed(format!(
                                "Principal.{other} is not supported: write Service or AWS"
                            ));
                        }
                    }
                }
            }
            Some(_) => return malformed("Principal is neither \"*\" nor an object"),
            None => return malformed("a statement has no Principal"),
        }
        Ok(principals)
    }

    /// Whether the statement is about `principal`. An account that a statement allows only lets its
    /// own policies decide; an account that a statement denies is denied with all its identities.
    pub fn include(&self, principal: &Principal<'_>, allows: bool) -> bool {
        if self.is_everyone {
            return true;
        }
        match principal {
            Principal::Service(name) => self.services.iter().any(|service| service == name),
            Principal::Identity { arn, account } => self.identities.iter().any(|named| {
                let is_account =
                    named == account || *named == format!("arn:aws:iam::{account}:root");
                named == arn || (is_account && !allows)
            }),
        }
    }
}
