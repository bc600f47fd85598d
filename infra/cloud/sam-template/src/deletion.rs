//! What happens to each resource when its stack is deleted, and in which order.
//!
//! Source: CloudFormation template reference, "`DeletionPolicy` attribute", "`UpdateReplacePolicy`
//! attribute" and "`DependsOn` attribute".
//!
//! Must not know: how a resource is deleted.

use super::node::{Entry, Node};

/// What happens to a resource when its stack is deleted, or when an update replaces it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays.
    Retain,
    /// It stays, unless the operation that created it fails.
    RetainExceptOnCreate,
    /// A snapshot of it stays.
    Snapshot,
}

/// A resource as its stack knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackResource {
    /// Logical id in the template.
    pub logical_id: String,
    /// Resource type.
    pub resource_type: String,
    /// Physical name.
    pub name: String,
    /// `DeletionPolicy`.
    pub deletion: DeletionPolicy,
    /// `UpdateReplacePolicy`.
    pub replacement: DeletionPolicy,
    /// Logical ids of the resources that it refers to or names in `DependsOn`; they are deleted
    /// after it.
    pub depends_on: Vec<String>,
}

impl DeletionPolicy {
    /// Every policy.
    pub(super) const ALL: [Self; 4] = [
        Self::Delete,
        Self::Retain,
        Self::RetainExceptOnCreate,
        Self::Snapshot,
    ];

    /// Its name in a template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }

    /// Whether a resource stays when its stack is deleted.
    pub fn is_kept(self) -> bool {
        matches!(self, Self::Retain | Self::RetainExceptOnCreate)
    }

    /// The policy in an attribute of a resource, whose form was checked before.
    fn of(resource: &Node, attribute: &str) -> Self {
        let written = resource.get(attribute).and_then(Node::as_text);
        let mut all = Self::ALL.into_iter();
        all.find(|policy| Some(policy.as_str()) == written)
            .unwrap_or_default()
    }
}

/// The entry of a resource with this physical name.
pub(super) fn read(entry: &Entry, name: &str, depends_on: Vec<String>) -> StackResource {
    let kind = entry.value.get("Type").and_then(Node::as_text);
    StackResource {
        logical_id: entry.key.clone(),
        resource_type: kind.unwrap_or_default().to_owned(),
        name: name.to_owned(),
        deletion: DeletionPolicy::of(&entry.value, "DeletionPolicy"),
        replacement: DeletionPolicy::of(&entry.value, "UpdateReplacePolicy"),
        depends_on,
    }
}
