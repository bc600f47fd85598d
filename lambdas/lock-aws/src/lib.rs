//! The one crate that knows the AWS SDK, and the only one that reads the clock: settings, items,
//! store, publisher, notifier, start-up, the functions' loop.
//!
//! Must not know: what is decided. What to write and publish comes as values from `lock-core`.

mod address;
mod batch;
pub mod clock;
pub mod error;
pub mod item;
mod log;
mod measurement;
mod message;
pub mod metric;
pub mod notifier;
pub mod operate;
pub mod perform;
pub mod publisher;
#[cfg(feature = "registry")]
pub mod registry;
mod route;
mod serve;
pub mod settings;
pub mod start;
pub mod store;
pub mod stream;

pub use batch::{Batch, BatchError, BatchFunction, Handled, Handling, serve_batch};
pub use error::{CallError, Remedy, chain};
pub use message::MessageFunction;
pub use metric::Metrics;
pub use notifier::{Notifier, NotifyError};
pub use operate::{Bound, Enabled, Forgotten, Recovered, Registered, Unbound};
pub use perform::{PerformError, Performed, Steps};
pub use publisher::{Kept, PublishError, Publisher};
#[cfg(feature = "registry")]
pub use registry::{Registry, RegistryError};
pub use serve::{Failed, Function, Invocation, serve};
pub use settings::{
    Access, AnnounceSettings, MetricLevel, MetricSettings, OperatorEndpoints, Settings,
    SettingsError,
};
pub use start::Cloud;
pub use store::{Committed, Conflict, DueLock, DueLocks, Register, Store, StoreError, Task};
