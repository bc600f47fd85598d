//! Why a change of the table was not shown. Must not know: what follows from it.

use lock_aws::stream::ImageError;
use lock_aws::{PublishError, StoreError};

/// Why a change was not shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The change has no key. No later delivery cures it.
    #[error("the change has no key pk, sk")]
    NoKey,
    /// The item is not what its key promises. No later delivery cures it.
    #[error("an item is not what its key promises")]
    Image(#[from] ImageError),
    /// What is needed for the message was not read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The function's time ended first.
    #[error("timed out; the next delivery goes on")]
    Deadline,
}

impl ShowError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKey | Self::Image(_) => "malformed",
            Self::Store(_) => "store",
            Self::Publish(_) => "publish",
            Self::Deadline => "deadline",
        }
    }

    /// Whether a later delivery may cure it.
    pub(crate) fn is_curable(&self) -> bool {
        !matches!(self, Self::NoKey | Self::Image(_))
    }
}
