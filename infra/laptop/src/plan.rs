//! What `lockctl local` starts, derived from its options and checked before anything is built or
//! started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use local_cloud::cli::Log;
use local_cloud::{Options, Ports};
use sam_template::{Context as TemplateContext, Template};

use crate::board::{Fields, State};
use crate::claim::Claim;
use crate::cli::{LocalArgs, StackArgs};
use crate::device::{DeviceOptions, Kind};
use crate::fault::Faults;
use crate::program::{self, Programs};
use crate::progress::Progress;
use crate::ready::Ready;

/// Account of the local cloud.
const ACCOUNT: &str = "123456789012";
/// Region of the local cloud.
const REGION: &str = "us-east-1";

/// A checked plan.
pub struct Plan<'a> {
    pub args: &'a LocalArgs,
    stack: &'a StackArgs,
    /// Locks and buttons by thing name.
    pub things: BTreeMap<String, Kind>,
    pub faults: Faults,
    /// The checkout; `None` if it is not needed.
    pub checkout: Option<PathBuf>,
    /// Directory of certificates and flash, and of the cloud's data.
    pub home: PathBuf,
    _scratch: Option<tempfile::TempDir>,
    _claim: Option<Claim>,
}

impl<'a> Plan<'a> {
    /// Checks the options, and makes the data directory.
    ///
    /// # Errors
    ///
    /// A stack already runs on the data directory, a setting or fault is not valid, a fault names
    /// no device, or the directory cannot be made.
    pub fn check(args: &'a LocalArgs, stack: &'a StackArgs) -> Result<Self> {
        let checkout = find_checkout(args)?;
        check_settings(&args.device_settings)?;
        let things = things(args.locks, args.buttons);
        let faults = Faults::new(args.cloud.faults()?);
        let has_device = |kind: Kind| kind == Kind::Lock || !args.no_button_devices;
        let devices = things.iter().filter(|(_, kind)| has_device(**kind));
        let devices: Vec<&str> = devices.map(|(name, _)| name.as_str()).collect();
        faults.check_devices(&devices)?;
        let scratch = args.memory.then(tempfile::tempdir).transpose();
        let scratch = scratch.context("make a temporary directory")?;
        let home = scratch
            .as_ref()
            .map_or(stack.data_dir.as_path(), |scratch| scratch.path());
        let made = std::fs::create_dir_all(home).and_then(|()| home.canonicalize());
        let home = made.map_err(|error| {
            let home = home.display();
            anyhow!("make the data directory {home}: {error}; choose another with --data-dir")
        })?;
        let claim = (!args.memory).then(|| Claim::take(&stack.data_dir));
        Ok(Self {
            args,
            stack,
            things,
            faults,
            checkout,
            home,
            _scratch: scratch,
            _claim: claim.transpose()?,
        })
    }

    /// The ready files to write.
    pub fn ready_files(&self) -> impl Iterator<Item = PathBuf> {
        let shared = self.stack.data_dir.join("ready.json");
        let shared = (!self.args.memory).then_some(shared);
        shared.into_iter().chain(self.stack.ready_file.clone())
    }

    /// The ready file that was asked for.
    pub fn ready_file(&self) -> Option<&Path> {
        self.stack.ready_file.as_deref()
    }

    /// The data directory as given; `None` if nothing is kept.
    pub fn data_dir(&self) -> Option<&Path> {
        (!self.args.memory).then_some(self.stack.data_dir.as_path())
    }

    /// Where the state is kept, for people.
    pub fn kept_in(&self) -> String {
        if self.args.memory {
            "memory only (--memory)".to_owned()
        } else {
            self.stack.data_dir.display().to_string()
        }
    }

    /// The options of the local cloud; the functions are built first, unless --no-build is given.
    pub async fn build(&self, programs: &Programs) -> Result<Options> {
        let options = self.options()?;
        let functions = function_names(&options)?;
        if !self.args.no_build {
            let device = [program::DEVICE.to_owned()];
            let names = [&functions[..], &device].concat();
            let listed = names.join(", ");
            let mut progress = Progress::begin(self.args.cloud.log, &format!("building {listed}"));
            programs.build(&names, &mut progress).await?;
            progress.end(&format!("built {listed}"));
        }
        let path = |name: String| Ok((name.clone(), programs.path(&name)?));
        let binaries = functions.into_iter().map(path).collect::<Result<_>>()?;
        Ok(Options {
            binaries,
            ..options
        })
    }

    fn options(&self) -> Result<Options> {
        let args = self.args;
        let own = self
            .checkout
            .as_ref()
            .map(|checkout| checkout.join("template.yaml"));
        let template = args.template.clone().or(own);
        Ok(Options {
            template: template.context("no template: give --template FILE")?,
            parameters: args.cloud.parameters().map_err(anyhow::Error::msg)?,
            stack_name: self.stack.name.clone(),
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            data_dir: (!args.memory).then(|| self.home.join("cloud")),
            binaries: BTreeMap::new(),
            no_start: args.cloud.no_start.clone(),
            ports: Ports::default(),
            seed: args.cloud.seed,
            time_scale: args.cloud.time_scale,
            faults: self.faults.cloud.clone(),
            import_retained: args.cloud.import_retained,
            inert: args.cloud.inert.iter().cloned().collect(),
        })
    }

    /// The options of each device that runs here.
    pub fn device_options(&self, ready: &Ready, program: PathBuf) -> Result<Vec<DeviceOptions>> {
        let has_device = |kind: Kind| kind == Kind::Lock || !self.args.no_button_devices;
        let devices = ready
            .cloud
            .things
            .iter()
            .filter(|(_, thing)| has_device(thing.kind));
        let options = devices.map(|(name, thing)| {
            let flash = self.home.join("flash").join(name);
            std::fs::create_dir_all(&flash).with_context(|| format!("make the flash of {name}"))?;
            Ok(DeviceOptions {
                program: program.clone(),
                thing: name.clone(),
                kind: thing.kind,
                broker: ready.cloud.mqtts.clone(),
                ca: ready.cloud.ca.clone(),
                cert: thing.files.cert.clone(),
                key: thing.files.key.clone(),
                flash,
                settings: self.args.device_settings.clone(),
            })
        });
        options.collect()
    }

    /// The things that are not up on the board.
    pub fn down<'s>(&self, state: &'s State) -> Vec<&'s str> {
        down(self.args, state)
    }

    /// The programs: those next to this one with --no-build, else as built in the checkout.
    ///
    /// # Errors
    ///
    /// The path of this program is not known.
    pub fn programs(&self) -> Result<Programs> {
        match &self.checkout {
            Some(checkout) if !self.args.no_build => Programs::built_in(checkout),
            _ => Programs::next_to_this_one(),
        }
    }

    /// Whether to watch for changes: by default for a person, not for a script.
    pub fn watches(&self) -> bool {
        watches(self.args)
    }
}

/// Locks that are not settled, and devices that are not connected. A lock that was settled in an
/// earlier run is so without a connection.
fn down<'s>(args: &LocalArgs, state: &'s State) -> Vec<&'s str> {
    let is_up = |lock: &Fields| is_settled(lock) && is_connected(lock);
    let locks = state.locks.iter().filter(|(_, lock)| !is_up(lock));
    let buttons = state.buttons.iter();
    let buttons = buttons.filter(|(_, button)| !args.no_button_devices && !is_connected(button));
    locks
        .chain(buttons)
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Whether the record of a lock, as the board shows it, is settled.
fn is_settled(lock: &Fields) -> bool {
    lock.get("record")
        .is_some_and(|record| record["status"] == "settled")
}

/// Whether a thing's device, as the board shows it, is connected.
fn is_connected(thing: &Fields) -> bool {
    let device = thing.get("device");
    device.is_some_and(|device| device["connected"] == true)
}

/// Checks the form of the devices' settings. Which there are, the device's program knows.
fn check_settings(settings: &[String]) -> Result<()> {
    let is_setting = |text: &str| {
        let key = text
            .split_once('=')
            .and_then(|(key, _)| key.split_once('.'));
        key.is_some_and(|(section, key)| !section.is_empty() && !key.is_empty())
    };
    match settings.iter().find(|text| !is_setting(text)) {
        Some(text) => bail!(
            "--device-set {text}: write it as SECTION.KEY=VALUE, such as lock.power_on=unlocked"
        ),
        None => Ok(()),
    }
}

/// The checkout, if something of it is needed: its template, or sources to build.
fn find_checkout(args: &LocalArgs) -> Result<Option<PathBuf>> {
    if args.no_build && args.template.is_some() {
        return Ok(None);
    }
    program::checkout(args.checkout.as_deref()).map(Some)
}

fn watches(args: &LocalArgs) -> bool {
    let is_for_person = !args.headless && !args.no_build && args.cloud.log == Log::Pretty;
    args.watch || (is_for_person && !args.no_watch)
}

/// `lock-1`, `lock-2`, … and `button-1`, `button-2`, ….
fn things(locks: u16, buttons: u16) -> BTreeMap<String, Kind> {
    let named =
        |kind: Kind, count: u16| (1..=count).map(move |i| (format!("{}-{i}", kind.as_str()), kind));
    let locks = named(Kind::Lock, locks);
    locks.chain(named(Kind::Button, buttons)).collect()
}

/// The names of the functions' programs in the template.
fn function_names(options: &Options) -> Result<Vec<String>> {
    let context = TemplateContext {
        stack_name: options.stack_name.clone(),
        region: options.region.clone(),
        account: options.account.clone(),
        parameters: options.parameters.clone(),
        inert: options.inert.clone(),
    };
    let functions = Template::load(&options.template, &context)?.functions;
    Ok(functions
        .into_iter()
        .map(|function| function.binary)
        .collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        local: LocalArgs,
    }

    #[test]
    fn what_is_not_up_is_named() {
        let things = |things: Value| {
            let things = things.as_object().cloned().into_iter().flatten();
            let fields = |fields: Value| fields.as_object().cloned().expect("an object");
            let things = things.map(|(name, it)| (name, fields(it)));
            things.collect::<BTreeMap<String, Fields>>()
        };
        let (settled, connected) = (json!({"status": "settled"}), json!({"connected": true}));
        let state = State {
            locks: things(json!({
                "lock-1": {"record": settled, "device": connected},
                "lock-2": {"record": {"status": "pending"}, "device": connected},
                "lock-3": {"record": null, "device": connected, "error": "no connection"},
                // Settled before this start, with a key that lets it no longer in.
                "lock-4": {"record": settled, "device": {"connected": false}},
            })),
            buttons: things(json!({
                "button-1": {"device": connected},
                "button-2": {"device": null},
            })),
            ..State::default()
        };
        for (arguments, wanted) in [
            (&[][..], &["lock-2", "lock-3", "lock-4", "button-2"][..]),
            (&["--no-button-devices"], &["lock-2", "lock-3", "lock-4"]),
        ] {
            let cli = Cli::parse_from(["lockctl"].iter().chain(arguments));
            assert_eq!(down(&cli.local, &state), wanted);
        }
    }

    #[test]
    fn changes_are_watched_for_a_person_or_on_request() {
        for (arguments, expected) in [
            (&[][..], true),
            (&["--no-watch"], false),
            (&["--headless"], false),
            (&["--no-build"], false),
            (&["--log", "json"], false),
            (&["--log", "none"], false),
            (&["--headless", "--log", "json", "--watch"], true),
        ] {
            let cli = Cli::parse_from(["lockctl"].iter().chain(arguments));
            assert_eq!(watches(&cli.local), expected, "{arguments:?}");
        }
    }
}
