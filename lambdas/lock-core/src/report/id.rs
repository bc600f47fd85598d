//! Ids of reports, which distinguish a lock's own report from one saved again by hand (C9).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::VERSION_MAX;

/// The id of one report of one device: `7-12` is the twelfth since its seventh boot, and
/// `7-12-907060870` the same report with its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReportId {
    /// Boots in the device's life.
    pub boot_count: u64,
    /// Number of reports since that boot.
    pub counter: u64,
    /// [`Report::checksum`](super::Report::checksum) of the report; the token of an update has
    /// none.
    pub checksum: Option<u32>,
}

impl ReportId {
    /// Parses `<bootCount>-<counter>`, with or without `-<checksum>`; `None` for any other text.
    ///
    /// ```
    /// use lock_core::report::ReportId;
    ///
    /// let id = ReportId { boot_count: 7, counter: 12, checksum: None };
    /// assert_eq!(ReportId::parse("7-12"), Some(id));
    /// let named = ReportId { checksum: Some(907_060_870), ..id };
    /// assert_eq!(ReportId::parse("7-12-907060870"), Some(named));
    /// assert_eq!(ReportId::parse("f3a01b2c"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (boot_count, rest) = text.split_once('-')?;
        let (counter, checksum) = match rest.split_once('-') {
            Some((counter, checksum)) => (counter, Some(checksum)),
            None => (rest, None),
        };
        let number = |text: &str| {
            // `parse` alone would accept a sign.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits
                .then(|| text.parse().ok())
                .flatten()
                .filter(|number| *number <= VERSION_MAX)
        };
        Some(Self {
            boot_count: number(boot_count)?,
            counter: number(counter)?,
            checksum: match checksum {
                Some(checksum) => Some(number(checksum)?.try_into().ok()?),
                None => None,
            },
        })
    }

    /// Whether both name the same update of the shadow.
    pub fn is_same_update(self, other: Self) -> bool {
        (self.boot_count, self.counter) == (other.boot_count, other.counter)
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.boot_count, self.counter)?;
        match self.checksum {
            Some(checksum) => write!(f, "-{checksum}"),
            None => Ok(()),
        }
    }
}

impl From<ReportId> for String {
    fn from(id: ReportId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ReportId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("not a report id: wanted <bootCount>-<counter>[-<checksum>]")
    }
}
