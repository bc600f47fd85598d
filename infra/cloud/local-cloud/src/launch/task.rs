//! The tasks of a running cloud, which end with it.
//!
//! Must not know: what they do.

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::until_stop;

/// What ends with the cloud.
pub(super) struct Tasks {
    pub set: JoinSet<()>,
    pub stop: watch::Sender<bool>,
    pub stopping: watch::Receiver<bool>,
}

impl Tasks {
    pub fn new() -> Self {
        let (stop, stopping) = watch::channel(false);
        Self {
            set: JoinSet::new(),
            stop,
            stopping,
        }
    }

    /// Runs `work` until it ends or everything stops.
    pub fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.set.spawn(until_stop(work, self.stopping.clone()));
    }
}
