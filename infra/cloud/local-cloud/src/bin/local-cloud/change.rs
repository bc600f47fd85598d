//! Looks for changes of the template and of the functions' code, and has them taken up.
//!
//! Must not know how that is done.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use local_cloud::LocalCloud;
use local_cloud::watch::Watch;

/// How often files are looked at.
const GLANCE: Duration = Duration::from_millis(500);
/// The group of the template; no logical id has a space.
const TEMPLATE: &str = "the template";

/// Looks for ever; what becomes of a change is told by the cloud's events.
pub async fn keep_up(cloud: &LocalCloud, template: &Path) {
    let mut watch = Watch::default();
    watch.add(TEMPLATE, vec![template.to_owned()]);
    let mut glances = tokio::time::interval(GLANCE);
    loop {
        for (function, code) in cloud.code().await {
            watch.add(&function, vec![code]);
        }
        glances.tick().await;
        let changed: BTreeSet<String> = watch.look().into_iter().collect();
        if !changed.is_empty() {
            // Told as an event, both ways.
            let _ = cloud.reload(&changed).await;
        }
    }
}
