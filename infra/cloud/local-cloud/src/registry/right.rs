//! Identifies connections, and decides whether a certificate's policies allow a request.

use std::sync::Arc;

use super::{Identity, Registry, certificate_variables, fingerprint};
use crate::sync::{read, write};
use aws_policy::{Decision, Document};

impl Registry {
    /// The identity of a connection; `None` if the certificate is unknown or inactive.
    pub(crate) fn identify(&self, der: &[u8], client_id: &str) -> Option<Identity> {
        let principal = fingerprint(der);
        let records = self.records();
        if !records.certificates.get(&principal)?.active {
            return None;
        }
        let mut variables = certificate_variables(der);
        variables.insert("iot:ClientId".to_owned(), client_id.to_owned());
        let thing = records
            .things
            .get(client_id)
            .filter(|thing| thing.principals.contains(&principal));
        variables.insert(
            "iot:Connection.Thing.IsAttached".to_owned(),
            thing.is_some().to_string(),
        );
        if let Some(thing) = thing {
            variables.insert(
                "iot:Connection.Thing.ThingName".to_owned(),
                client_id.to_owned(),
            );
            for (name, value) in &thing.attributes {
                variables.insert(
                    format!("iot:Connection.Thing.Attributes[{name}]"),
                    value.clone(),
                );
            }
        }
        Some(Identity {
            principal,
            client_id: client_id.to_owned(),
            variables,
        })
    }

    /// Whether the policies of the identity's certificate allow `action` on `resource` (a full
    /// ARN).
    pub(crate) fn allows(&self, identity: &Identity, action: &str, resource: &str) -> bool {
        let Some(documents) = self.documents_of(&identity.principal) else {
            return false;
        };
        let request = aws_policy::Request {
            action,
            resource,
            variables: &identity.variables,
        };
        aws_policy::evaluate(&documents, &request) == Decision::Allow
    }

    fn documents_of(&self, certificate_id: &str) -> Option<Arc<[Document]>> {
        let cached = read(&self.inner.documents).get(certificate_id).cloned();
        if cached.is_some() {
            return cached;
        }
        // Records stay locked while the cache is filled, so that no change comes in between.
        let records = self.records();
        let documents = records.documents_of(certificate_id)?;
        write(&self.inner.documents).insert(certificate_id.to_owned(), documents.clone());
        Some(documents)
    }
}
