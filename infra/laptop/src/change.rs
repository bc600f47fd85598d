//! Takes up what changes while the stack runs: the template, the functions' sources, the firmware. Sources are rebuilt by
//! cargo; a part is restarted when its program has changed. Data and records stay; a broken change leaves all as it was.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use local_cloud::LocalCloud;
use local_cloud::watch::Watch;
use serde_json::json;

use crate::cli::{LocalArgs, Log};
use crate::fleet::Fleet;
use crate::program::{self, Programs};
use crate::progress::Steps;

/// How often files are looked at.
const GLANCE: Duration = Duration::from_secs(1);
const TEMPLATE: &str = "the template";
const FUNCTIONS: &str = "the functions";
const FIRMWARE: &str = "the firmware";
const DEVICE: &str = "the device's program";

/// Whether changes are looked for: yes for a person, no for a script that does not ask.
pub fn is_wanted(args: &LocalArgs) -> bool {
    let by_person = !args.headless && !args.no_build && args.log == Log::Pretty;
    args.watch || (by_person && !args.no_watch)
}

/// Looks for changes and takes them up.
pub struct Keeper<'a> {
    pub cloud: &'a LocalCloud,
    pub fleet: &'a Fleet,
    pub programs: &'a Programs,
    pub template: PathBuf,
    /// Whether sources are rebuilt; without it only changed programs are taken up.
    pub builds: bool,
    pub log: Log,
}

impl Keeper<'_> {
    /// Looks for ever.
    pub async fn keep_up(&self) -> Result<()> {
        let mut watch = Watch::default();
        watch.add(TEMPLATE, vec![self.template.clone()]);
        watch.add(DEVICE, vec![self.programs.path(program::DEVICE)?]);
        if self.builds {
            let source = |paths: &[&str]| {
                let paths = paths.iter().map(|path| program::workspace().join(path));
                paths.collect()
            };
            watch.add(FUNCTIONS, source(&["lambdas"]));
            let firmware =
                ["core", "src", "fs", "virtual", "mos.yml"].map(|name| format!("firmware/{name}"));
            watch.add(FIRMWARE, source(&firmware.each_ref().map(String::as_str)));
        }
        let mut glances = tokio::time::interval(GLANCE);
        loop {
            for (function, code) in self.cloud.code().await {
                watch.add(&function, vec![code]);
            }
            glances.tick().await;
            let mut changed: BTreeSet<String> = watch.look().into_iter().collect();
            if changed.remove(FUNCTIONS) {
                self.rebuild(FUNCTIONS).await;
            }
            if changed.remove(FIRMWARE) {
                self.rebuild(FIRMWARE).await;
            }
            if changed.remove(DEVICE) {
                self.fleet.restart().await?;
                self.tell("firmware changed: the devices have restarted with it");
            }
            if !changed.is_empty() {
                // What was taken up or refused is told as an event.
                if self
                    .cloud
                    .reload(&changed)
                    .await
                    .is_ok_and(|c| c.is_empty())
                {
                    self.tell("the template reads well: all runs as it says already");
                }
            }
        }
    }

    /// Builds again; the changed programs are noticed at the next look.
    async fn rebuild(&self, what: &str) {
        let names = match what {
            FIRMWARE => vec![program::DEVICE.to_owned()],
            _ => self.functions().await,
        };
        let steps = Steps::new(self.log);
        let step = steps.begin(&format!("{what} changed: building"));
        match self.programs.build(&names, &step).await {
            Ok(()) => steps.end(&step, &format!("{what} changed: built")),
            Err(error) => {
                step.finish_and_clear();
                self.tell(&format!("{what} run on as before: {error:#}"));
            }
        }
    }

    /// Names of the functions' programs.
    async fn functions(&self) -> Vec<String> {
        let paths = self.cloud.code().await.into_values();
        let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        paths.filter_map(name).collect()
    }

    fn tell(&self, what: &str) {
        match self.log {
            Log::Json => println!("{}", json!({ "change": what })),
            Log::Pretty => println!("{what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        local: LocalArgs,
    }

    #[test]
    fn changes_are_looked_for_when_a_person_runs_it_or_a_script_asks() {
        for (arguments, expected) in [
            (&[][..], true),
            (&["--no-watch"], false),
            (&["--headless"], false),
            (&["--no-build"], false),
            (&["--log", "json"], false),
            (&["--headless", "--log", "json", "--watch"], true),
        ] {
            let cli = Cli::parse_from(["lockctl"].iter().chain(arguments));
            assert_eq!(is_wanted(&cli.local), expected, "{arguments:?}");
        }
    }
}
