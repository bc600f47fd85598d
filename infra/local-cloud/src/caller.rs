//! Who calls a REST service: the operator, or one of the functions, told apart by access key.
//!
//! Signatures are not verified, keys are: a caller without one of ours is refused as AWS refuses a stranger.
//! Must not know the services.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde::Serialize;

use crate::function;
use crate::template::Function;

const OPERATOR_KEY: &str = "AKIDLOCALOPERATOR00";
const OPERATOR_ID: &str = "AIDALOCALOPERATOR00";

/// The operator's credentials.
#[derive(Debug, Clone, Serialize)]
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
    /// What `principal()` is for its messages: a user id, or role id and session name.
    pub principal: String,
    /// The function it is, unless it is the operator.
    pub function: Option<CallingFunction>,
}

/// A function, by all its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallingFunction {
    /// Function name.
    pub name: String,
    /// Logical id in the template.
    pub logical_id: String,
    /// Name of its binary.
    pub binary: String,
}

impl CallingFunction {
    /// All its names.
    pub fn names(&self) -> [&str; 3] {
        [&self.name, &self.logical_id, &self.binary]
    }
}

/// All access keys of one run; clones share them.
#[derive(Debug, Clone)]
pub struct Callers {
    operator: Credentials,
    by_key: Arc<BTreeMap<String, Caller>>,
}

impl Callers {
    /// The operator and these functions.
    pub fn new(functions: &[Function]) -> Callers {
        let operator = Credentials {
            access_key_id: OPERATOR_KEY.to_owned(),
            secret_access_key: secret(),
        };
        let mut by_key = BTreeMap::new();
        let caller = Caller {
            principal: OPERATOR_ID.to_owned(),
            function: None,
        };
        by_key.insert(OPERATOR_KEY.to_owned(), caller);
        for function in functions {
            let caller = Caller {
                principal: format!("AROALOCAL{}:{}", plain(&function.logical_id), function.name),
                function: Some(CallingFunction {
                    name: function.name.clone(),
                    logical_id: function.logical_id.clone(),
                    binary: function.binary.clone(),
                }),
            };
            by_key.insert(key_of(function), caller);
        }
        Callers {
            operator,
            by_key: Arc::new(by_key),
        }
    }

    /// What a person or tool signs with.
    pub fn operator(&self) -> &Credentials {
        &self.operator
    }

    /// What a function's processes sign with.
    pub fn credentials_of(function: &Function) -> function::Credentials {
        function::Credentials {
            access_key_id: key_of(function),
            secret_access_key: secret(),
            session_token: uuid::Uuid::new_v4().to_string(),
        }
    }

    /// The caller behind a request's `Authorization: AWS4-HMAC-SHA256 Credential=<key>/…`.
    pub fn identify(&self, headers: &HeaderMap) -> Option<&Caller> {
        let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = authorization.split_once("Credential=")?;
        let (key, _) = credential.split_once('/')?;
        self.by_key.get(key)
    }
}

fn key_of(function: &Function) -> String {
    format!("ASIALOCAL{}", plain(&function.logical_id))
}

fn plain(name: &str) -> String {
    name.to_ascii_uppercase()
}

fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
