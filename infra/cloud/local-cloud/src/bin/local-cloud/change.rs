//! Watches the template and the functions' code, and applies changes to the running cloud.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use local_cloud::watch::Watch;
use local_cloud::{LocalCloud, narrate, ready};

/// Time between two looks at the files.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// The group of the template; a logical id has no spaces.
const TEMPLATE: &str = "the template";

/// Applies changes until dropped. The outcome of each is an event of the cloud. `directory` has the
/// environments of the functions that are not started here; it may be in the folder of a function.
pub async fn apply(cloud: &LocalCloud, template: &Path, directory: &Path) {
    let mut watch = Watch::leaving_out(directory);
    watch.add(TEMPLATE, vec![template.to_owned()]);
    let mut checks = tokio::time::interval(CHECK_EVERY);
    loop {
        for (function, code) in cloud.code().await {
            watch.add(&function, vec![code]);
        }
        checks.tick().await;
        let changed: BTreeSet<String> = watch.poll().into_iter().collect();
        if changed.is_empty() || cloud.reload(&changed).await.is_err() {
            continue;
        }
        if let Err(error) = ready::write_environments(&cloud.awaited(), directory) {
            tracing::warn!("{}", narrate::chain(&error));
        }
    }
}
