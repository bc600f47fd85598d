//! Clients by their proof: a certificate, or a handshake signed with an access key.
//!
//! IoT policies apply to certificates, IAM policies to access keys.
//!
//! Must not know: sockets, packets.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Broker;
use crate::caller::{Caller, Callers};
use crate::iam::{Iam, Need};
use crate::registry::Identity;

/// How a client shows who it is.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Its certificate, DER.
    Certificate(Vec<u8>),
    /// Who signed its WebSocket handshake.
    Caller(Arc<Caller>),
}

impl From<Vec<u8>> for Proof {
    fn from(certificate: Vec<u8>) -> Self {
        Self::Certificate(certificate)
    }
}

/// Who may sign handshakes, and what each may do.
#[derive(Debug, Clone)]
pub struct Users {
    pub callers: Callers,
    pub iam: Iam,
}

impl Broker {
    /// Admits clients of WebSocket that these users sign for. Without this call there are none.
    pub(crate) fn admit_users(&self, users: Users) {
        self.inner.users.get_or_init(|| users);
    }

    pub(super) fn users(&self) -> Option<&Users> {
        self.inner.users.get()
    }

    /// The identity of a connection; `None` if its certificate is unknown or inactive.
    pub(super) fn identify(&self, proof: Proof, client_id: &str) -> Option<Identity> {
        let caller = match proof {
            Proof::Certificate(der) => return self.inner.registry.identify(&der, client_id),
            Proof::Caller(caller) => caller,
        };
        let client = ("iot:ClientId".to_owned(), client_id.to_owned());
        Some(Identity {
            principal: caller.principal.clone(),
            client_id: client_id.to_owned(),
            variables: BTreeMap::from([client]),
            caller: Some(caller),
        })
    }

    /// Whether the policies of an identity allow `action` on `resource` (a full ARN).
    pub(super) fn allows(&self, identity: &Identity, action: &str, resource: &str) -> bool {
        let Some(caller) = &identity.caller else {
            return self.inner.registry.allows(identity, action, resource);
        };
        let need = [Need::new(action, resource)];
        self.users()
            .is_some_and(|users| users.iam.check(caller, &need).is_ok())
    }
}
