//! Applies changes of the template, the functions' sources and the firmware while the stack runs.
//! Cargo rebuilds changed sources; a part whose program has changed is restarted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use local_cloud::LocalCloud;
use local_cloud::cli::Log;
use local_cloud::ready;
use local_cloud::watch::Watch;
use serde_json::json;

use crate::fleet::Fleet;
use crate::program::{self, Programs};
use crate::progress::Progress;

/// Time between two checks of the files.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Groups of watched files. Each function's program is one more group.
const TEMPLATE: &str = "the template";
const FUNCTIONS: &str = "the functions";
const FIRMWARE: &str = "the firmware";
const DEVICE: &str = "the device's program";

/// Watches for changes and applies them.
pub struct Changes<'a> {
    pub cloud: &'a LocalCloud,
    pub fleet: &'a Fleet,
    pub programs: &'a Programs,
    pub template: PathBuf,
    /// The checkout whose sources are watched.
    pub checkout: Option<&'a Path>,
    /// Whether to rebuild changed sources. Without it only changed programs are reloaded.
    pub builds: bool,
    pub log: Log,
    /// Folder with the variables of functions that are not started here.
    pub home: &'a Path,
}

impl Changes<'_> {
    /// Applies changes until dropped. A rejected change is printed.
    pub async fn apply(&self) -> Result<()> {
        let mut watch = Watch::default();
        watch.add(TEMPLATE, vec![self.template.clone()]);
        watch.add(DEVICE, vec![self.programs.path(program::DEVICE)?]);
        if let Some(checkout) = self.checkout.filter(|_| self.builds) {
            watch.add(FUNCTIONS, vec![checkout.join("lambdas")]);
            let firmware = ["core", "src", "fs", "virtual", "mos.yml"];
            let path = |name: &str| checkout.join("firmware").join(name);
            watch.add(FIRMWARE, firmware.map(path).to_vec());
        }
        let mut checks = tokio::time::interval(CHECK_EVERY);
        loop {
            for (function, code) in self.cloud.code().await {
                watch.add(&function, vec![code]);
            }
            checks.tick().await;
            let mut changed: BTreeSet<String> = watch.poll().into_iter().collect();
            for sources in [FUNCTIONS, FIRMWARE] {
                if changed.remove(sources) {
                    self.rebuild(sources).await;
                }
            }
            if changed.remove(DEVICE) {
                self.fleet.restart().await?;
                self.print("firmware changed: devices restarted");
            }
            if changed.is_empty() {
                continue;
            }
            // A reload that changed something, or was rejected, is printed as an event.
            match self.cloud.reload(&changed).await {
                Ok(applied) if applied.is_empty() => {
                    self.print("template is valid; nothing changed");
                }
                Ok(_) => {
                    ready::write_environments(&self.cloud.awaited(), self.home)?;
                }
                Err(_) => {}
            }
        }
    }

    /// Builds the programs of `sources`. The next check notices them.
    async fn rebuild(&self, sources: &str) {
        let names = match sources {
            FIRMWARE => vec![program::DEVICE.to_owned()],
            _ => self.function_names().await,
        };
        let mut progress = Progress::begin(self.log, &format!("{sources} changed: building"));
        match self.programs.build(&names, &mut progress).await {
            Ok(()) => progress.end(&format!("{sources} changed: built")),
            Err(error) => {
                drop(progress);
                self.print(&format!(
                    "change of {sources} rejected; still running the previous version: {error:#}"
                ));
            }
        }
    }

    /// Names of the functions' programs.
    async fn function_names(&self) -> Vec<String> {
        let paths = self.cloud.code().await.into_values();
        let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        paths.filter_map(name).collect()
    }

    fn print(&self, text: &str) {
        match self.log {
            Log::Json => println!("{}", json!({ "change": text })),
            Log::Pretty => println!("{text}"),
            Log::None => {}
        }
    }
}
