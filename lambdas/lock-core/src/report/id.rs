//! Names of reports, which tell a lock's own report from one that was saved again
//! by hand (C9). Must not know what a report says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::VERSION_MAX;

/// Name of one report of one device: `7-12` is the twelfth since its seventh
/// boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReportId {
    /// Boots in the device's life.
    pub boot_count: u64,
    /// Reports since that boot.
    pub counter: u64,
}

impl ReportId {
    /// Reads `<bootCount>-<counter>`; none for any other text.
    ///
    /// ```
    /// use lock_core::report::ReportId;
    ///
    /// assert_eq!(ReportId::read("7-12"), Some(ReportId { boot_count: 7, counter: 12 }));
    /// assert_eq!(ReportId::read("f3a01b2c"), None);
    /// ```
    pub fn read(text: &str) -> Option<ReportId> {
        let (boot_count, counter) = text.split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits
                .then(|| text.parse().ok())
                .flatten()
                .filter(|number| *number <= VERSION_MAX)
        };
        Some(ReportId {
            boot_count: number(boot_count)?,
            counter: number(counter)?,
        })
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.boot_count, self.counter)
    }
}

impl From<ReportId> for String {
    fn from(id: ReportId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for ReportId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<ReportId, &'static str> {
        ReportId::read(&text).ok_or("not a report id: wanted <bootCount>-<counter>")
    }
}
