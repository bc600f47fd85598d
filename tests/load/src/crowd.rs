//! The locks and buttons of a run, connected, and what the locks were seen to do.
//!
//! Must not know: which movement a press should cause.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use firmware_core::core_ffi::Outcome;
use firmware_core::fleet::{Member, Order, Place, Seen, Sign};
use running_cloud::RunningCloud;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use crate::Options;
use crate::button::{Button, Click, Tally};
use crate::cloud;

/// Connections opened per second; AWS allows an account 100.
const CONNECTS_PER_SECOND: u32 = 50;
/// How long all connections may take beyond that.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(120);
/// How long a lock is without power or network.
pub const CUT_TIME: Duration = Duration::from_secs(3);

/// What one lock was seen to do.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    pub is_online: bool,
    /// Movements of the latch that the lock counts, all in all.
    pub moves: u32,
    /// Movements with a reason: power-on, command, expired command, relock.
    pub explained: u32,
    /// Commands executed, by id: how often, and when first.
    pub executed: HashMap<String, (u32, Instant)>,
    pub expired: u32,
    pub repeated: u32,
    pub refused: u32,
    pub relocks: u32,
    pub reports: u64,
    pub offline: u32,
}

/// What the locks were seen to do, by number.
#[derive(Clone)]
pub struct Watch(Arc<Mutex<Vec<Watched>>>);

impl Watch {
    fn new(locks: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![Watched::default(); locks])))
    }

    /// What was seen so far.
    pub fn now(&self) -> Vec<Watched> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Number of locks that are online.
    pub fn count_online(&self) -> usize {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|lock| lock.is_online).count()
    }

    async fn take(self, mut signs: UnboundedReceiver<Seen>) {
        while let Some(seen) = signs.recv().await {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all[seen.lock].note(seen);
        }
    }
}

impl Watched {
    fn note(&mut self, seen: Seen) {
        self.moves = seen.moves;
        match seen.sign {
            Sign::Online => self.is_online = true,
            Sign::Offline(_) => {
                self.is_online = false;
                self.offline += 1;
            }
            Sign::Booted => self.explained += 1,
            Sign::Relocked => {
                self.relocks += 1;
                self.explained += 1;
            }
            Sign::Reported => self.reports += 1,
            Sign::Commanded(Outcome::Executed, payload) => {
                self.explained += 1;
                let executed = self.executed.entry(command_id(&payload));
                executed.or_insert((0, seen.at)).0 += 1;
            }
            Sign::Commanded(Outcome::Expired, _) => {
                self.explained += 1;
                self.expired += 1;
            }
            Sign::Commanded(Outcome::Repeated, _) => self.repeated += 1,
            Sign::Commanded(Outcome::Refused | Outcome::Malformed, _) => self.refused += 1,
        }
    }
}

fn command_id(payload: &[u8]) -> String {
    let command: Value = serde_json::from_slice(payload).unwrap_or_default();
    command["commandId"].as_str().unwrap_or_default().to_owned()
}

/// The connected devices of a run.
pub struct Crowd {
    pub tally: Arc<Tally>,
    pub watch: Watch,
    orders: Vec<UnboundedSender<Order>>,
    clicks: Vec<UnboundedSender<Click>>,
    is_quiet: watch::Sender<bool>,
    tasks: JoinSet<Result<()>>,
}

impl Crowd {
    /// Opens all connections at a steady pace and waits until each device is subscribed.
    ///
    /// # Errors
    /// A device cannot connect in time.
    pub async fn connect(cloud: &RunningCloud, options: &Options) -> Result<Self> {
        let (signs, seen) = unbounded_channel();
        let watch = Watch::new(usize::try_from(options.locks)?);
        let mut crowd = Self {
            tally: Arc::new(Tally::default()),
            watch: watch.clone(),
            orders: Vec::new(),
            clicks: Vec::new(),
            is_quiet: watch::Sender::new(false),
            tasks: JoinSet::new(),
        };
        tokio::spawn(watch.take(seen));
        let mut pace = interval(Duration::from_secs(1) / CONNECTS_PER_SECOND);
        for number in 0..options.locks {
            pace.tick().await;
            crowd.add_lock(cloud, options, usize::try_from(number)?, signs.clone())?;
        }
        for number in 0..options.buttons {
            pace.tick().await;
            crowd.add_button(cloud, number, options.buttons)?;
        }
        let deadline = Instant::now() + CONNECT_TIME_MAX;
        let (locks, buttons) = (crowd.orders.len(), options.buttons);
        let online = |crowd: &Self| {
            let buttons = crowd
                .tally
                .online
                .load(std::sync::atomic::Ordering::Relaxed);
            (crowd.watch.count_online(), buttons)
        };
        while online(&crowd) != (locks, buttons) {
            pace.tick().await;
            crowd.check()?;
            ensure!(
                Instant::now() < deadline,
                "only {:?} of {:?} locks and buttons are connected",
                online(&crowd),
                (locks, buttons)
            );
        }
        Ok(crowd)
    }

    fn add_lock(
        &mut self,
        cloud: &RunningCloud,
        options: &Options,
        number: usize,
        signs: UnboundedSender<Seen>,
    ) -> Result<()> {
        let thing = format!("lock-{}", number + 1);
        let (host, port) = cloud::broker(cloud)?;
        let place = Place {
            number,
            host,
            port,
            tls: cloud::files(cloud, &thing)?,
            relock_ms: options.relock_s * 1000,
            thing,
        };
        let (order, orders) = unbounded_channel();
        self.tasks.spawn(Member::new(place, signs)?.live(orders));
        self.orders.push(order);
        Ok(())
    }

    fn add_button(&mut self, cloud: &RunningCloud, number: u64, count: u64) -> Result<()> {
        let name = format!("button-{}", number + 1);
        #[expect(clippy::cast_precision_loss, reason = "numbers of devices are small")]
        let phase = number as f64 / count as f64;
        let files = cloud::files(cloud, &name)?;
        let (tally, quiet) = (Arc::clone(&self.tally), self.is_quiet.subscribe());
        let button = Button::new(name, cloud::broker(cloud)?, &files, tally, quiet, phase)?;
        let (click, clicks) = unbounded_channel();
        self.tasks.spawn(button.live(clicks));
        self.clicks.push(click);
        Ok(())
    }

    /// Fails if a device has ended.
    ///
    /// # Errors
    /// The device's own error.
    pub fn check(&mut self) -> Result<()> {
        let Some(ended) = self.tasks.try_join_next() else {
            return Ok(());
        };
        ended??;
        bail!("a device ended early");
    }

    /// Starts or ends the time in which buttons publish their health.
    pub fn set_quiet(&self, quiet: bool) {
        self.is_quiet.send_replace(quiet);
    }

    /// Presses button `button`, from 0.
    ///
    /// # Errors
    /// The button has ended.
    pub fn press(&self, button: usize, click: Click) -> Result<()> {
        let pressed = self.clicks[button].send(click);
        pressed.ok().context("press a button that has ended")
    }

    /// Cuts the power or the network of a lock, from 0, for a short time.
    ///
    /// # Errors
    /// The lock has ended.
    pub fn cut(&self, lock: usize, order: fn(bool) -> Order) -> Result<()> {
        let orders = self.orders[lock].clone();
        let sent = orders.send(order(false));
        sent.ok().context("reach a lock that has ended")?;
        let until = Instant::now() + CUT_TIME;
        tokio::spawn(async move {
            sleep_until(until).await;
            // A lock that has ended meanwhile is found by `check`.
            let _ = orders.send(order(true));
        });
        Ok(())
    }

    /// Takes all devices down.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}
