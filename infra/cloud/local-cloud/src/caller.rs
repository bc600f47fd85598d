//! Identifies the caller of a REST service by its signature: the operator, a user or a function.
//!
//! Must not know: what a service does, or what a caller may do there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::clock::Clock;
use crate::storage::{self, StorageError};
use crate::sync::{read, write};
use aws_sigv4_verify::{Claim, Request, SignatureError};
use sam_template::{Function, ManagedPolicy};

const OPERATOR_KEY: &str = "AKIDLOCALOPERATOR00";
const OPERATOR_ID: &str = "AIDALOCALOPERATOR00";
/// File of the operator's credentials in the data directory.
const FILE: &str = "credentials.json";

/// The operator's credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
}

/// A known caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What `principal()` returns for its messages: a user id, or `<role id>:<session name>`.
    pub principal: String,
    /// Its ARN, as shown in denials.
    pub arn: String,
    /// The calling function; `None` for a person.
    pub function: Option<CallingFunction>,
    /// ARN of the managed policy of a user; `None` for a function, and for the operator, who may do
    /// everything.
    pub policy_arn: Option<String>,
}

impl Caller {
    /// Whether this is the operator, who may do everything.
    pub fn is_operator(&self) -> bool {
        self.function.is_none() && self.policy_arn.is_none()
    }
}

/// A function and the names by which it can be selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingFunction {
    /// Function name.
    pub name: String,
    /// Logical id in the template.
    pub logical_id: String,
    /// Name of its binary.
    pub binary: String,
    /// ARN of its execution role.
    pub role_arn: String,
}

impl CallingFunction {
    /// Name, logical id and binary.
    pub fn names(&self) -> [&str; 3] {
        [&self.name, &self.logical_id, &self.binary]
    }
}

/// All access keys of one run; clones share them.
#[derive(Debug, Clone)]
pub struct Callers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    operator: Credentials,
    clock: Clock,
    by_key: RwLock<BTreeMap<String, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    caller: Caller,
    secret: String,
    /// Session token; only a function's temporary credentials have one.
    token: Option<String>,
}

impl Callers {
    /// Admits the operator and `functions`. The operator's credentials are stored in `data_dir`;
    /// without a directory they are generated for each run.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the operator's credentials cannot be read or written.
    pub fn open(
        account: &Account,
        data_dir: Option<&Path>,
        functions: &[Function],
        clock: Clock,
    ) -> Result<Self, StorageError> {
        let operator = operator(data_dir)?;
        let known = Known {
            caller: Caller {
                principal: OPERATOR_ID.to_owned(),
                arn: account.global_arn("iam", "user/operator"),
                function: None,
                policy_arn: None,
            },
            secret: operator.secret_access_key.clone(),
            token: None,
        };
        let by_key = BTreeMap::from([(operator.access_key_id.clone(), known)]);
        let callers = Self {
            inner: Arc::new(Inner {
                account: account.clone(),
                operator,
                clock,
                by_key: RwLock::new(by_key),
            }),
        };
        callers.admit(functions);
        Ok(callers)
    }

    /// Admits functions as callers; a known function keeps its credentials.
    pub fn admit(&self, functions: &[Function]) {
        let mut by_key = write(&self.inner.by_key);
        for function in functions {
            let caller = self.caller_of(function);
            let known = by_key.entry(key_of(function)).or_insert_with(|| Known {
                caller: caller.clone(),
                secret: secret(),
                token: Some(uuid::Uuid::new_v4().to_string()),
            });
            known.caller = caller;
        }
    }

    /// Admits a user for each managed policy; a known user keeps its credentials.
    pub fn admit_users(&self, policies: &[ManagedPolicy]) {
        let mut by_key = write(&self.inner.by_key);
        for policy in policies {
            let id = policy.logical_id.to_ascii_uppercase();
            let user = format!("user/{}", policy.logical_id);
            let caller = Caller {
                principal: format!("AIDALOCAL{id}"),
                arn: self.inner.account.global_arn("iam", user),
                function: None,
                policy_arn: Some(policy.arn.clone()),
            };
            let known = by_key.entry(key_of_user(&policy.logical_id));
            let known = known.or_insert_with(|| Known {
                caller: caller.clone(),
                secret: secret(),
                token: None,
            });
            known.caller = caller;
        }
    }

    /// The credentials of the user who has the managed policy with this logical id.
    pub fn credentials_of_user(&self, policy: &str) -> Option<Credentials> {
        let key = key_of_user(policy);
        let known = self.known(&key)?;
        Some(Credentials {
            access_key_id: key,
            secret_access_key: known.secret,
        })
    }

    fn caller_of(&self, function: &Function) -> Caller {
        let role = function.role_arn.rsplit('/').next().unwrap_or_default();
        let id = function.logical_id.to_ascii_uppercase();
        let session = format!("assumed-role/{role}/{}", function.name);
        Caller {
            principal: format!("AROALOCAL{id}:{}", function.name),
            arn: self.inner.account.global_arn("sts", session),
            function: Some(CallingFunction {
                name: function.name.clone(),
                logical_id: function.logical_id.clone(),
                binary: function.binary.clone(),
                role_arn: function.role_arn.clone(),
            }),
            policy_arn: None,
        }
    }

    /// The credentials that a person or tool signs with.
    pub fn operator(&self) -> &Credentials {
        &self.inner.operator
    }

    /// The credentials that a function's processes sign with; `None` if it was never admitted.
    pub fn credentials_of(&self, function: &Function) -> Option<lambda_host::Credentials> {
        let key = key_of(function);
        let known = self.known(&key)?;
        Some(lambda_host::Credentials {
            access_key_id: key,
            secret_access_key: known.secret,
            session_token: known.token.unwrap_or_default(),
        })
    }

    /// The credentials of the function with this name, logical id or binary.
    pub fn credentials_of_name(&self, name: &str) -> Option<lambda_host::Credentials> {
        let by_key = read(&self.inner.by_key);
        let named = |known: &&Known| {
            let function = known.caller.function.as_ref();
            function.is_some_and(|f| f.names().contains(&name))
        };
        let (key, known) = by_key.iter().find(|(_, known)| named(known))?;
        Some(lambda_host::Credentials {
            access_key_id: key.clone(),
            secret_access_key: known.secret.clone(),
            session_token: known.token.clone().unwrap_or_default(),
        })
    }

    fn known(&self, key: &str) -> Option<Known> {
        let by_key = read(&self.inner.by_key);
        by_key.get(key).cloned()
    }

    /// The caller that a request's access key belongs to; the signature must be verified before.
    pub fn identify(&self, headers: &HeaderMap) -> Option<Caller> {
        let claim = Claim::read(headers).ok()?;
        self.known(&claim.access_key_id).map(|known| known.caller)
    }

    /// The caller who signed `request` for a service with one of these names.
    ///
    /// # Errors
    ///
    /// The [`SignatureError`] that AWS would report first.
    pub fn authenticate(
        &self,
        request: &Request<'_>,
        services: &[&str],
    ) -> Result<Caller, SignatureError> {
        self.verify(Claim::read(request.headers)?, request, services)
    }

    /// The caller who signed a WebSocket handshake, in its query or its headers.
    ///
    /// # Errors
    ///
    /// As [`Callers::authenticate`].
    pub fn authenticate_handshake(
        &self,
        request: &Request<'_>,
        services: &[&str],
    ) -> Result<Caller, SignatureError> {
        let in_query = Claim::read_query(request.query);
        let claim = in_query.unwrap_or_else(|| Claim::read(request.headers))?;
        self.verify(claim, request, services)
    }

    fn verify(
        &self,
        claim: Claim,
        request: &Request<'_>,
        services: &[&str],
    ) -> Result<Caller, SignatureError> {
        let known = self.known(&claim.access_key_id);
        let known = known.ok_or(SignatureError::Stranger)?;
        if known.token != claim.session_token {
            return Err(SignatureError::Stranger);
        }
        claim.check(
            &self.inner.account.region,
            services,
            self.inner.clock.now_s(),
        )?;
        claim.verify(request, &known.secret)?;
        Ok(known.caller)
    }
}

fn operator(data_dir: Option<&Path>) -> Result<Credentials, StorageError> {
    let path = data_dir.map(|dir| dir.join(FILE));
    if let Some(path) = &path
        && let Some(bytes) = storage::read(path)?
    {
        return serde_json::from_slice(&bytes).map_err(|source| StorageError::Damaged {
            path: path.clone(),
            source,
        });
    }
    let credentials = Credentials {
        access_key_id: OPERATOR_KEY.to_owned(),
        secret_access_key: secret(),
    };
    if let Some(path) = &path {
        let text = serde_json::json!(credentials).to_string();
        storage::write(path, text.as_bytes())?;
    }
    Ok(credentials)
}

fn key_of(function: &Function) -> String {
    format!("ASIALOCAL{}", function.logical_id.to_ascii_uppercase())
}

fn key_of_user(policy: &str) -> String {
    format!("AKIALOCAL{}", policy.to_ascii_uppercase())
}

fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
