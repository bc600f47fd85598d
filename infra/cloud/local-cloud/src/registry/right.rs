//! Identifies connections, and decides whether a certificate's policies allow a request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Identity, Registry, certificate_variables, fingerprint};
use crate::sync::{read, write};
use aws_policy::{Decision, Document};

/// Parsed documents, until the next change of the registry.
#[derive(Debug, Default)]
pub(super) struct Documents {
    by_certificate: BTreeMap<String, Arc<[Document]>>,
    /// Certificates with the same policies share their documents.
    by_policies: BTreeMap<BTreeSet<String>, Arc<[Document]>>,
}

impl Documents {
    /// The documents of a certificate with these policies, made by `make` if no other has them.
    fn add(
        &mut self,
        certificate_id: &str,
        policies: &BTreeSet<String>,
        make: impl FnOnce() -> Arc<[Document]>,
    ) -> Arc<[Document]> {
        let known = self.by_policies.get(policies).cloned();
        let documents = known.unwrap_or_else(|| {
            let made = make();
            self.by_policies.insert(policies.clone(), made.clone());
            made
        });
        self.by_certificate
            .insert(certificate_id.to_owned(), documents.clone());
        documents
    }
}

impl Registry {
    /// The identity of a connection; `None` if the certificate is unknown or inactive.
    pub(crate) fn identify(&self, der: &[u8], client_id: &str) -> Option<Identity> {
        let principal = fingerprint(der);
        let records = self.records();
        let certificate = records.certificates.get(&principal)?;
        if !certificate.active || certificate.is_over(self.now_ms()) {
            return None;
        }
        let mut variables = certificate_variables(der);
        variables.insert("iot:ClientId".to_owned(), client_id.to_owned());
        variables.insert("iot:CertificateId".to_owned(), principal.clone());
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
            if let Some(kind) = &thing.type_name {
                variables.insert(
                    "iot:Connection.Thing.ThingTypeName".to_owned(),
                    kind.clone(),
                );
            }
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
            caller: None,
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
        let documents = read(&self.inner.documents);
        let cached = documents.by_certificate.get(certificate_id).cloned();
        drop(documents);
        if cached.is_some() {
            return cached;
        }
        // Records stay locked while the cache is filled, so that no change comes in between.
        let records = self.records();
        let certificate = records.certificates.get(certificate_id)?;
        let policies = certificate.active.then_some(&certificate.policies)?;
        if let Some(claim) = &certificate.claim {
            let document = Document::parse(&self.policy_of(claim)).ok()?;
            return Some(Arc::from([document]));
        }
        let mut documents = write(&self.inner.documents);
        let make = || records.documents_of(policies);
        Some(documents.add(certificate_id, policies, make))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::account::Account;
    use crate::clock::Clock;
    use crate::registry::Setting;

    #[test]
    fn certificates_share_their_documents_as_long_as_they_have_the_same_policies() {
        let policy = |topic: &str| {
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Action": "iot:Publish", "Resource": format!("arn:aws:iot:r:1:topic/{topic}")}})
        };
        let account = Account {
            id: "1".to_owned(),
            region: "r".to_owned(),
        };
        let setting = Setting {
            account,
            data_dir: None,
            policies: ["a", "b"]
                .map(|name| (name.to_owned(), policy(name)))
                .into(),
        };
        let registry = Registry::open(setting, Clock::system()).unwrap();
        let [one, two] = std::array::from_fn(|_| registry.create_keys_and_certificate().unwrap());
        registry.attach_policy("a", &one.arn).unwrap();
        registry.attach_policy("a", &two.arn).unwrap();
        let shared = registry.documents_of(&one.id).unwrap();
        assert!(Arc::ptr_eq(
            &shared,
            &registry.documents_of(&two.id).unwrap()
        ));

        registry.attach_policy("b", &two.arn).unwrap();
        for (certificate, topic, is_allowed) in [
            (&one, "a", true),
            (&two, "a", true),
            (&one, "b", false),
            (&two, "b", true),
        ] {
            let identity = Identity {
                principal: certificate.id.clone(),
                client_id: String::new(),
                variables: BTreeMap::new(),
                caller: None,
            };
            let resource = registry.arn(&format!("topic/{topic}"));
            let allows = registry.allows(&identity, "iot:Publish", &resource);
            assert_eq!(allows, is_allowed, "{topic}");
        }
        registry.set_certificate_active(&two.id, false).unwrap();
        assert_eq!(registry.documents_of(&two.id), None);
        assert_eq!(registry.documents_of(&one.id).unwrap().len(), 1);
    }
}
