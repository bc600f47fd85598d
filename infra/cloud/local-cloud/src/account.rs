//! The account and region that everything belongs to, and the ARNs made of them.

use std::fmt::Display;

/// An AWS account in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Account id, 12 digits.
    pub id: String,
    /// Region, such as `us-east-1`.
    pub region: String,
}

impl Account {
    /// `arn:aws:<service>:<region>:<account>:<resource>`.
    pub fn arn(&self, service: &str, resource: impl Display) -> String {
        let Self { id, region } = self;
        format!("arn:aws:{service}:{region}:{id}:{resource}")
    }

    /// `arn:aws:<service>::<account>:<resource>`, for IAM and STS, which have no region.
    pub fn global_arn(&self, service: &str, resource: impl Display) -> String {
        format!("arn:aws:{service}::{}:{resource}", self.id)
    }
}
