//! A virtual ESP8266: the firmware's C, application side included, on a real MQTT/TLS connection,
//! with GPIO, flash files and a power switch (kill it, start it again with the same `--flash`).
//!
//! Each part of the device changes its own state only, and returns effects for the device to carry
//! out. Modules depend on each other in one direction, from bottom to top:
//!
//! 1. `bolt`, `call`, `clock`, `link`, `output`; then `event`, `input`, `power`, `restart`,
//!    `timer`; then `inbox`
//! 2. `config` (over its `value`, `walk`, `layer`, `difference`), `effect`
//! 3. the parts: `finger`, `pin` (over `interrupt`), `mqtt` (over `connect`, `queue`, `topic`)
//! 4. `device`, which owns the state of all parts and carries out their effects
//! 5. `current`, the device of this thread; `ffi`, the boundary to C; this file
//!
//! Must not know: what the firmware is for.

mod bolt;
mod call;
mod clock;
mod config;
mod current;
mod device;
mod effect;
mod event;
mod ffi;
mod finger;
mod inbox;
mod input;
mod link;
mod mqtt;
mod output;
mod pin;
mod power;
mod restart;
#[cfg(test)]
mod schema;
mod timer;

use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use firmware_core as _; // The library links the compiled C.

use crate::call::Call;
use crate::clock::Clock;
use crate::config::Config;
use crate::current::{install, with};
use crate::device::Device;
use crate::inbox::{Inbox, Incoming};
use crate::input::Input;
use crate::link::Link;
use crate::mqtt::Mqtt;
use crate::output::{Output, emit, log};
use crate::power::Cut;

const AFTER_HELP: &str = r#"INPUT, one JSON object per line:
  {"press":"single"}              press the button: single, double or long
  {"finger":[100,400,85]}         press it without bounce: ms down, ms up, ms down, ...
  {"pin":{"number":5,"level":true}}
                                  drive an input from outside; "after_ms":30 delays it
  {"read":4}                      read a pin; answer: {"event":"level","pin":4,"level":false}
  {"network":false}               take the network down; true brings it up
  {"network":"half_open"}         keep it up, but lose everything sent in either direction;
                                  true ends this
  {"clock":{"hears_time":false}}  remove the time from the shadow's answers; true ends this
  {"clock":{"drift_ppm":200}}     make its clock fast, in parts per million; negative is slow
  {"clock":{"ahead_s":600}}       let the time that it knows be ahead; negative is behind
  {"clock":{"forgets":true}}      let it forget the time, as at power-on
  {"bolt":"held"}                 hold the bolt where it is, or "out", or "in"; "free" lets it
                                  follow the latch again; needs pins.bolt
  {"config_set":{"config":{"lock":{"relock_s":30}},"save":true,"reboot":true}}
                                  set, save and reboot as `mos config-set` does;
                                  answer: {"event":"config_set","saved":true}
  {"pass_ms":500}                 switch to manual time and let this much pass at once
  {"slow":{"save_ms":60}}         duration of each save of a file; "handler_ms": additional
                                  duration of each handler of a pin
  {"power_cut":"before-write:1"}  cut the power at a point, counted from now, or "now"

A busy device does nothing else: time passes and inputs change, but edges of a pin whose handler
runs are lost, as in Mongoose OS. A reboot resets "slow", "clock" and manual time.

POWER CUTS, at the N-th event of a kind, from 1:
  before-erase:N  after-erase:N   a file of the flash is erased
  before-write:N  after-write:N   a file of the flash is written
  write:N@BYTES                   torn: only this many of its bytes reach the flash
  before-move:N   after-move:N    the latch moves

The process prints {"event":"power_cut","at":POINT} and ends. Started again with the same --flash,
it finds what the cut left; files that were removed meanwhile count as erased flash.

OUTPUT, one JSON object per line, with the member "event": ready, pin, latch, bolt, level,
connected, disconnected, config_set, reboot, power_cut or log.

The values of --thing, --role, --broker, --ca, --cert, --key and --set override all files of the
flash except conf9.json, and a save does not write them. Without them the device has the settings of
its flash alone, as a board has; names of files are then those in the flash."#;

/// A virtual ESP8266 that runs the remote lock's firmware. Reads JSON lines from standard input,
/// writes JSON lines to standard output, and ends when its standard input closes.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Options {
    /// Name of the device: its thing name and MQTT client id, unless settings override them.
    #[arg(long)]
    thing: Option<String>,
    /// Role of the device: lock, button or both.
    #[arg(long)]
    role: Option<String>,
    /// Address of the broker, as host:port.
    #[arg(long)]
    broker: Option<String>,
    /// Certificate authority of the broker (PEM).
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    ca: Option<String>,
    /// Certificate of the device (PEM).
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    cert: Option<String>,
    /// Private key of the device (PEM).
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    key: Option<String>,
    /// Directory that serves as the device's flash; created if absent.
    #[arg(long)]
    flash: PathBuf,
    /// The board was installed before: a missing journal is replaced by one that says locked.
    /// Otherwise a missing journal counts as lost, and the lock refuses unlocks that were issued
    /// before or just after its power-on.
    #[arg(long)]
    installed: bool,
    /// A setting; overrides the defaults but not the flash's conf9.json, which `config_set` writes.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<String>,
    /// Cut the power at a point, counted from each boot; see POWER CUTS below.
    #[arg(long, value_name = "POINT")]
    power_cut: Option<Cut>,
    /// Start in manual time: only input lines `pass_ms` let time pass.
    #[arg(long)]
    still: bool,
}

fn absolute(path: &str) -> io::Result<String> {
    let path = std::path::absolute(path)?.into_os_string();
    path.into_string()
        .map_err(|_| io::Error::other("the working directory is not UTF-8"))
}

/// The settings of the flash and the command line, and the log lines about bad files.
fn configure(options: &Options) -> Result<(Config, Vec<String>)> {
    let given = [
        ("device.id", &options.thing),
        ("app.role", &options.role),
        ("mqtt.server", &options.broker),
        ("mqtt.ssl_ca_cert", &options.ca),
        ("mqtt.ssl_cert", &options.cert),
        ("mqtt.ssl_key", &options.key),
    ];
    let given = given.into_iter();
    let mut command_line: Vec<(&str, &str)> = given
        .filter_map(|(key, value)| Some((key, value.as_deref()?)))
        .collect();
    for text in &options.settings {
        command_line.push(config::assignment(text)?);
    }
    let mut config = Config::defaults();
    let complaints = config.apply_layers(&options.flash, &command_line)?;
    Ok((config, complaints))
}

fn read_lines(incoming: Sender<Incoming>) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        if line.trim().is_empty() {
            continue;
        }
        if incoming.send(Incoming::Line(input::parse(&line))).is_err() {
            return;
        }
    }
    // Fails only if the device has ended already.
    let _ = incoming.send(Incoming::End);
}

/// Makes the calls that are due and polls the connection, until no call is left.
fn run_calls() {
    loop {
        while let Some(call) = with(|d| d.calls.pop_front()) {
            ffi::run(&call);
            if let Call::Pin(_, pin, _) = call {
                with(|d| d.end_pin_call(pin));
            }
        }
        let flags = ffi::take_connection_flags();
        with(|d| d.poll_mqtt(flags));
        if with(|d| d.calls.is_empty()) {
            return;
        }
    }
}

/// Runs the device from its boot to the end of its input.
fn live() -> Result<()> {
    loop {
        run_calls();
        while with(Device::run_due_timer) {
            run_calls();
        }
        let wait = with(|d| match d.timers.next_due() {
            Some(due) if !d.clock.is_manual() => due.saturating_sub(d.clock.uptime()),
            _ => Duration::from_secs(3600),
        });
        match with(|d| d.inbox.next(wait))? {
            Some(Incoming::Line(line)) => take_line(line),
            Some(Incoming::Link(signal)) => with(|d| d.receive(signal)),
            Some(Incoming::End) => return Ok(()),
            None => {}
        }
    }
}

/// Lets `time` pass on a manual clock, with each timer at its time.
fn pass(time: Duration) {
    let end = with(|d| d.clock.uptime()) + time;
    while let Some(due) = with(|d| d.timers.next_due()).filter(|due| *due <= end) {
        with(|d| d.clock.advance_to(due));
        while with(Device::run_due_timer) {
            run_calls();
        }
    }
    with(|d| d.clock.advance_to(end));
}

fn take_line(line: Result<Input, String>) {
    match line {
        Ok(input) => {
            with(|d| d.take_input(&input));
            if let Input::PassMs(ms) = input {
                pass(Duration::from_millis(ms));
            }
        }
        Err(reason) => log("error", &reason),
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    fs::create_dir_all(&options.flash)
        .with_context(|| format!("create flash directory {}", options.flash.display()))?;
    let (config, complaints) = configure(&options)?;
    restart::remember_start_directory().context("find the working directory")?;
    std::env::set_current_dir(&options.flash)
        .with_context(|| format!("enter flash directory {}", options.flash.display()))?;

    let (sender, incoming) = channel();
    let link = Link::start(sender.clone())?;
    let mut device = Device::new(config, Mqtt::new(link), Inbox::new(incoming));
    if options.still {
        device.clock = Clock::manual();
    }
    install(device);
    if options.installed && !ffi::install_board() {
        bail!("cannot write the journal of an installed board");
    }
    if let Some(cut) = options.power_cut {
        with(|d| d.power.order(cut));
    }
    complaints
        .iter()
        .for_each(|complaint| log("error", complaint));
    if !ffi::start_app() {
        bail!("the firmware refused its configuration");
    }
    with(|d| d.set_network(true));
    run_calls();
    emit(&Output::Ready);
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || read_lines(sender))
        .context("start the input thread")?;
    live()
}
