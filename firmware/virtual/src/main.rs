//! A virtual ESP8266: the firmware's C, application side included, on a real MQTT/TLS connection, with GPIO, flash files
//! and a power switch (kill it, start it again with the same `--flash`). It must not know what the firmware is for.

mod busy;
mod call;
mod clock;
mod config;
mod device;
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
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use firmware_core as _; // The library brings the compiled C along.

use crate::call::Call;
use crate::clock::Clock;
use crate::config::Config;
use crate::device::{Device, install, with};
use crate::inbox::{Inbox, Incoming};
use crate::input::Input;
use crate::link::Link;
use crate::mqtt::Mqtt;
use crate::output::{Output, emit, log};
use crate::power::Cut;

const AFTER_HELP: &str = r#"INPUT, one line each:
  {"press":"single"}                     press the button: single, double or long
  {"finger":[100,400,85]}                press it to the millisecond, without bounce: down, up, down so long
  {"pin":{"number":5,"level":true}}      drive an input from outside; with "after_ms":30, from then on
  {"read":4}                             ask for a pin's level; answered by {"event":"level","pin":4,"level":false}
  {"network":false}                      no network; true gives it back
  {"network":"half_open"}                the network stays, but nothing sent arrives, either way; true ends it
  {"clock":{"hears_time":false}}         the shadow's answers say no time from now on; true: they do again
  {"clock":{"drift_ppm":200}}            its clock runs so much too fast, in parts per million
  {"config_set":{"config":{"lock":{"relock_s":30}},"save":true,"reboot":true}}
                                         set, save and start again as `mos config-set` does; answered by {"event":"config_set"}
  {"pass_ms":500}                        so much time passes at once; from the first such line on, time stands still otherwise
  {"slow":{"save_ms":60}}                each save of a file takes so long; "handler_ms": each handler of a pin takes so much more
  {"power_cut":"before-write:1"}         cut the power at a point, counted from now; "now" cuts at once

While it is slow, or works for any other reason, the device does nothing else: its time passes, inputs move, and edges of a pin whose
handler runs are lost, as Mongoose OS loses them. A device that starts again is as fast as ever.

POWER CUTS, the n-th of its kind:
  before-erase:N  after-erase:N          a file of the flash is erased
  before-write:N  after-write:N          a file of the flash is written
  write:N@BYTES                          torn: only so many of its bytes are in the flash
  before-move:N   after-move:N           the latch moves

The process says {"event":"power_cut","at":POINT} and ends. Started again with the same --flash it finds what the cut left; files
removed from that directory meanwhile are flash that was erased.

OUTPUT, one line each, told by "event": ready, pin, latch, level, connected, disconnected, config_set, reboot, power_cut, log.

What --thing, --role, --broker, --ca, --cert, --key and --set say is over all files of the flash, and no save writes it."#;

/// A virtual ESP8266 that runs the remote lock's firmware. Reads JSON lines on standard input, writes JSON lines on
/// standard output, and ends when its standard input closes.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Options {
    /// The device's name: that of the thing and its MQTT client id, unless settings say otherwise.
    #[arg(long)]
    thing: String,
    /// What the device is: lock, button or both.
    #[arg(long)]
    role: String,
    /// The broker, as host:port.
    #[arg(long)]
    broker: String,
    /// Certificate authority of the broker (PEM).
    #[arg(long)]
    ca: PathBuf,
    /// The device's certificate (PEM).
    #[arg(long)]
    cert: PathBuf,
    /// The device's private key (PEM).
    #[arg(long)]
    key: PathBuf,
    /// Directory that is the device's flash; made if absent.
    #[arg(long)]
    flash: PathBuf,
    /// The board was installed before: where its flash holds no journal, there is one that says locked. Without this, a blank
    /// journal counts as lost, and the lock refuses unlocks that were issued before or just after its power-on.
    #[arg(long)]
    installed: bool,
    /// A setting, over the defaults and under the flash's conf9.json, which `config_set` writes.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<String>,
    /// Cut the power at a point, counted from each boot; see POWER CUTS below.
    #[arg(long, value_name = "POINT")]
    power_cut: Option<Cut>,
    /// Time stands still from the start, but for lines of pass_ms.
    #[arg(long)]
    still: bool,
}

fn absolute(path: &Path) -> Result<String> {
    let path = std::path::absolute(path).with_context(|| format!("find {}", path.display()))?;
    Ok(path.to_str().context("paths must be UTF-8")?.to_owned())
}

/// The settings of the flash and of the command line.
fn configure(options: &Options) -> Result<(Config, Vec<String>)> {
    let (ca, cert, key) = (
        absolute(&options.ca)?,
        absolute(&options.cert)?,
        absolute(&options.key)?,
    );
    let mut command_line = vec![
        ("device.id", options.thing.as_str()),
        ("app.role", &options.role),
        ("mqtt.server", &options.broker),
        ("mqtt.ssl_ca_cert", &ca),
        ("mqtt.ssl_cert", &cert),
        ("mqtt.ssl_key", &key),
    ];
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
    // The other end is gone only when the device has ended already.
    let _ = incoming.send(Incoming::End);
}

/// Makes the calls that are due, and one turn of the connection's.
fn run_calls() {
    loop {
        while let Some(call) = with(|d| d.calls.pop_front()) {
            ffi::run(&call);
            if let Call::Pin(_, pin, _) = call {
                with(|d| d.pin_handled(pin));
            }
        }
        let flags = ffi::take_connection_flags();
        with(|d| d.mqtt_poll(flags));
        if with(|d| d.calls.is_empty()) {
            return;
        }
    }
}

/// The device's life after its boot.
fn live() -> Result<()> {
    loop {
        run_calls();
        while with(Device::run_due_timer) {
            run_calls();
        }
        let wait = with(|d| match d.timers.next_due() {
            Some(due) if !d.clock.is_stopped() => due.saturating_sub(d.clock.uptime()),
            _ => Duration::from_secs(3600),
        });
        match with(|d| d.inbox.next(wait))? {
            Some(Incoming::Line(line)) => take_line(line),
            Some(Incoming::Link(event)) => with(|d| d.link_event(event)),
            Some(Incoming::End) => return Ok(()),
            None => {}
        }
    }
}

/// So much time passes, each timer at its turn.
fn pass(time: Duration) {
    let end = with(|d| d.clock.uptime()) + time;
    while let Some(due) = with(|d| d.timers.next_due()).filter(|due| *due <= end) {
        with(|d| d.clock.pass_to(due));
        while with(Device::run_due_timer) {
            run_calls();
        }
    }
    with(|d| d.clock.pass_to(end));
}

fn take_line(line: Result<Input, String>) {
    match line {
        Ok(input) => {
            with(|d| d.input(&input));
            if let Input::PassMs(ms) = input {
                pass(Duration::from_millis(ms));
            }
        }
        Err(complaint) => log("error", &complaint),
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    fs::create_dir_all(&options.flash)
        .with_context(|| format!("make flash directory {}", options.flash.display()))?;
    let (config, complaints) = configure(&options)?;
    restart::remember_start_directory().context("find the working directory")?;
    std::env::set_current_dir(&options.flash)
        .with_context(|| format!("enter flash directory {}", options.flash.display()))?;

    let (sender, incoming) = channel();
    let link = Link::start(sender.clone())?;
    let mut device = Device::new(config, Mqtt::new(link), Inbox::new(incoming));
    if options.still {
        device.clock = Clock::still();
    }
    install(device);
    if options.installed && !ffi::install_board() {
        bail!("the journal of a board that was installed before cannot be written");
    }
    if let Some(cut) = options.power_cut {
        with(|d| d.power.order(cut));
    }
    Device::complain(&complaints);
    if !ffi::start_app() {
        bail!("the firmware refused its configuration");
    }
    with(Device::init_done);
    run_calls();
    emit(&Output::Ready);
    std::thread::Builder::new()
        .name("input".into())
        .spawn(move || read_lines(sender))
        .context("start the input thread")?;
    live()
}
