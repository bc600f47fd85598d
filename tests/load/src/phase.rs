//! The phases of a run before its end: the locks settle, all connections are held, buttons are
//! pressed.
//!
//! Must not know: how devices and cloud are made.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Result, ensure};
use firmware_core::fleet::Order;
use running_cloud::RunningCloud;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep_until};

use crate::Options;
use crate::button::Click;
use crate::cpu::Cpu;
use crate::crowd::Crowd;
use crate::door::Doors;
use crate::fault::Faults;
use crate::judge::Press;
use crate::memory::{Sample, read_resident_kb};

/// How long the locks may take to settle at the beginning.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(300);
/// Time between two looks at the table.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longest time between two samples of the memory.
const SAMPLE_EVERY_MAX: Duration = Duration::from_secs(10);
/// Samples of a phase, at least.
const SAMPLES: f64 = 30.0;
/// Time after a binding until a press counts (C3 of PROTOCOL), and a second for the clocks.
const PRESS_COUNTS_AFTER: Duration = Duration::from_secs(3);

/// What was seen while nobody pressed.
pub struct Quiet {
    pub samples: Vec<Sample>,
    /// Messages about health: acknowledged, answered.
    pub health: (u64, u64),
    pub began: Instant,
}

/// The presses that were made.
pub struct Pressed {
    pub presses: Vec<Press>,
    pub samples: Vec<Sample>,
    /// Seconds from the first press to the last.
    pub took_s: f64,
    /// CPU in this time.
    pub cpu: Cpu,
}

/// How to press.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Presses per second.
    pub rate: f64,
    pub minutes: f64,
    /// Presses that were made before: the buttons go on in turn.
    pub first: usize,
}

/// Waits until every record is settled and a press counts.
///
/// # Errors
/// A lock does not settle in time.
pub async fn settle(cloud: &mut RunningCloud, crowd: &mut Crowd, doors: &Doors) -> Result<()> {
    let deadline = Instant::now() + SETTLE_TIME_MAX;
    let counts_at = Instant::now() + PRESS_COUNTS_AFTER;
    let mut looks = interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        cloud.check()?;
        crowd.check()?;
        let unsettled = doors.count_unsettled().await?;
        if unsettled == 0 {
            break;
        }
        ensure!(
            Instant::now() < deadline,
            "{unsettled} locks did not settle in time"
        );
    }
    sleep_until(counts_at).await;
    Ok(())
}

/// Holds all connections; buttons publish their health.
///
/// # Errors
/// The cloud or a device has ended.
pub async fn hold(cloud: &mut RunningCloud, crowd: &mut Crowd, options: &Options) -> Result<Quiet> {
    let mut quiet = Quiet {
        samples: Vec::new(),
        health: (0, 0),
        began: Instant::now(),
    };
    if options.quiet <= 0.0 {
        return Ok(quiet);
    }
    let time = minutes(options.quiet);
    let end = quiet.began + time;
    crowd.set_quiet(true);
    let mut ticks = interval(sample_every(time));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sleep_until(end) => break,
        }
        crowd.check()?;
        quiet.samples.push(sample(cloud, quiet.began, "quiet")?);
    }
    crowd.set_quiet(false);
    // Answers that are under way.
    sleep_until(end + LOOK_EVERY).await;
    let tally = &crowd.tally;
    quiet.health = (
        tally.health_sent.load(Relaxed),
        tally.health_answered.load(Relaxed),
    );
    Ok(quiet)
}

/// Presses the buttons in turn at the rate, and cuts power and network of locks in turn.
///
/// # Errors
/// The cloud or a device has ended.
pub async fn press(
    cloud: &mut RunningCloud,
    crowd: &mut Crowd,
    doors: &Doors,
    quiet: &Quiet,
    (wanted, faults): (Pace, &Faults),
) -> Result<Pressed> {
    let (began, time) = (Instant::now(), minutes(wanted.minutes));
    let before = Cpu::read(cloud.pid()?)?;
    let mut pace = interval(Duration::from_secs_f64(1.0 / wanted.rate));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut samples = interval(sample_every(time));
    let (mut power, mut network) = (cuts(faults.power_cuts), cuts(faults.network_cuts));
    let (mut power_cuts, mut network_cuts) = (0, doors.locks.len() / 2);
    let mut pressed = Pressed {
        presses: Vec::new(),
        samples: Vec::new(),
        took_s: time.as_secs_f64(),
        cpu: Cpu::default(),
    };
    while began.elapsed() < time {
        tokio::select! {
            due = pace.tick() => {
                let number = wanted.first + pressed.presses.len();
                pressed.presses.push(press_next(crowd, doors, number, due)?);
            }
            _ = samples.tick() => {
                crowd.check()?;
                let what = format!("{} presses", pressed.presses.len());
                pressed.samples.push(sample(cloud, quiet.began, &what)?);
            }
            _ = power.tick(), if faults.power_cuts > 0 => {
                crowd.cut(power_cuts % doors.locks.len(), Order::Power)?;
                power_cuts += 1;
            }
            _ = network.tick(), if faults.network_cuts > 0 => {
                crowd.cut(network_cuts % doors.locks.len(), Order::Network)?;
                network_cuts += 1;
            }
        }
    }
    pressed.took_s = began.elapsed().as_secs_f64();
    pressed.cpu = Cpu::read(cloud.pid()?)?.since(&before);
    Ok(pressed)
}

/// The press with this number, from 0: the buttons in turn.
fn press_next(crowd: &Crowd, doors: &Doors, number: usize, at: Instant) -> Result<Press> {
    let buttons = doors.buttons.len();
    let (button, sequence) = (number % buttons, (number / buttons + 1) as u64);
    // Unlocks and locks in turn, and a toggle among ten.
    let kind = match (button as u64 + sequence) % 10 {
        0 => "SINGLE",
        turn if turn % 2 == 0 => "DOUBLE",
        _ => "LONG",
    };
    crowd.press(button, Click { sequence, kind })?;
    Ok(Press {
        button,
        lock: doors.lock_of(button),
        sequence,
        at,
    })
}

fn minutes(minutes: f64) -> Duration {
    Duration::from_secs_f64(minutes * 60.0)
}

fn sample_every(time: Duration) -> Duration {
    time.div_f64(SAMPLES).min(SAMPLE_EVERY_MAX)
}

/// A tick for each of this many cuts a minute; the first after one interval.
fn cuts(per_minute: u32) -> tokio::time::Interval {
    let every = Duration::from_secs(60) / per_minute.max(1);
    interval_at(Instant::now() + every, every)
}

/// The memory of the cloud now, which is printed.
///
/// # Errors
/// The cloud has ended.
pub fn sample(cloud: &mut RunningCloud, began: Instant, what: &str) -> Result<Sample> {
    cloud.check()?;
    let sample = Sample {
        at_s: began.elapsed().as_secs_f64(),
        rss_kb: read_resident_kb(cloud.pid()?)?,
    };
    println!("{:>6.0} s  {:>8} kB  {what}", sample.at_s, sample.rss_kb);
    Ok(sample)
}
