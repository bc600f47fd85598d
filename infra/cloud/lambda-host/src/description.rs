//! A function as it runs now.
//!
//! Must not know: the caller, and its protocol.

use std::path::PathBuf;

use super::Functions;

/// A function, and what a name selects of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The function as the template declares it.
    pub function: sam_template::Function,
    /// The alias or version in the name; empty for the unqualified function.
    pub qualifier: String,
    /// The version that an invocation of this name runs.
    pub version: &'static str,
    /// ARN with the alias or version.
    pub arn: String,
    /// Path of its executable.
    pub executable: PathBuf,
    /// When this code and configuration came into force, milliseconds since the Unix epoch.
    pub changed_ms: u64,
}

impl Functions {
    /// The function with this ARN, name or logical id, which may end with an alias or version;
    /// `None` if there is no such function, version or alias.
    pub fn describe(&self, arn_or_name: &str) -> Option<Description> {
        let (pool, qualifier) = self.target(arn_or_name).ok()?;
        Some(Description {
            version: pool.version(&qualifier),
            arn: pool.arn(&qualifier),
            executable: pool.binary().to_owned(),
            changed_ms: pool.changed_ms,
            function: pool.function.clone(),
            qualifier,
        })
    }
}
