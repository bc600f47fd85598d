//! The one crate that knows the AWS SDK: settings, items, store, publisher, start-up, the functions' loop, and the only clock
//! read.
//!
//! Decides nothing: what to write and when to publish comes as values from `lock-core`.

pub mod clock;
pub mod error;
pub mod item;
pub mod log;
pub mod metric;
pub mod operate;
pub mod perform;
pub mod publisher;
pub mod serve;
pub mod settings;
pub mod start;
pub mod store;

pub use error::{CallError, Remedy, chain};
pub use operate::{Bound, Forgotten, Operated, Recovered, Registered, Unbound};
pub use perform::{PerformError, Performed, Steps};
pub use publisher::{PublishError, Publisher};
pub use settings::{Access, Settings, SettingsError};
pub use start::Cloud;
pub use store::{Committed, Conflict, DueLock, DueLocks, Register, Store, StoreError, Task};
