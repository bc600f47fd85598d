//! Watches the template and the functions' code, and applies changes to the running cloud.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use local_cloud::LocalCloud;
use local_cloud::watch::Watch;

/// Time between two looks at the files.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// The group of the template; a logical id has no spaces.
const TEMPLATE: &str = "the template";

/// Applies changes until dropped. The outcome of each is an event of the cloud.
pub async fn apply(cloud: &LocalCloud, template: &Path) {
    let mut watch = Watch::default();
    watch.add(TEMPLATE, vec![template.to_owned()]);
    let mut checks = tokio::time::interval(CHECK_EVERY);
    loop {
        for (function, code) in cloud.code().await {
            watch.add(&function, vec![code]);
        }
        checks.tick().await;
        let changed: BTreeSet<String> = watch.poll().into_iter().collect();
        if !changed.is_empty() {
            let _ = cloud.reload(&changed).await;
        }
    }
}
