//! `lockctl local`: starts the local cloud, the functions, the virtual devices and the console,
//! watches them, and ends them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use local_cloud::LocalCloud;
use local_cloud::cli::{Log, interrupted};
use local_cloud::ready;
use lock_aws::Cloud;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::board::Board;
use crate::change::Changes;
use crate::cli::{LocalArgs, StackArgs};
use crate::console::{self, Console};
use crate::device::{Kind, latch_of};
use crate::disk;
use crate::fault::Injector;
use crate::fleet::Fleet;
use crate::narrate::Narrator;
use crate::plan::Plan;
use crate::program::{self, Programs};
use crate::provision::{self, PRESS_COUNTS_AFTER};
use crate::ready::Ready;
use crate::trail::Trail;
use crate::welcome::{Call, Welcome};

/// Time that the devices may take to connect, report and settle after the start.
const SETTLE: Duration = Duration::from_secs(60);
/// Time between two lines about what is not up yet.
const WAIT_LINE_EVERY: Duration = Duration::from_secs(5);

/// Runs the laptop mode until Ctrl-C or SIGTERM, then ends everything it started.
///
/// # Errors
///
/// A part cannot be started, has ended, or cannot be ended.
pub async fn run(args: &LocalArgs, stack: &StackArgs) -> Result<()> {
    if let Some(help) = args.cloud.fault_help(true) {
        print!("{help}");
        return Ok(());
    }
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let plan = Plan::check(args, stack)?;
    let home = plan.home.clone();
    let (stack, listener) = tokio::select! {
        started = Stack::start(plan) => started.map_err(|error| disk::explain(error, &home))?,
        _ = &mut interrupted => bail!("interrupted before the stack was up"),
    };
    stack.print_addresses();
    let outcome = tokio::select! {
        outcome = stack.serve(listener) => outcome,
        interrupted = &mut interrupted => interrupted.context("wait for Ctrl-C"),
    };
    if args.cloud.log == Log::Pretty {
        println!("\nstopping: devices, functions, cloud");
    }
    stack.stop().await.and(outcome)
}

/// A running stack; its devices get power in `serve`.
struct Stack<'a> {
    plan: Plan<'a>,
    cloud: LocalCloud,
    fleet: Arc<Fleet>,
    board: Arc<Board>,
    trail: Arc<Trail>,
    injector: Arc<Injector>,
    /// The clients of the functions' services.
    remote: Cloud,
    ready: Ready,
    programs: Programs,
    template: PathBuf,
    /// When presses of the newly bound buttons count; `None` if no button was bound.
    presses_count_at: Option<Instant>,
}

impl<'a> Stack<'a> {
    /// Builds, starts and provisions everything. The listener is the console's.
    async fn start(plan: Plan<'a>) -> Result<(Self, TcpListener)> {
        let programs = plan.programs()?;
        let options = plan.build(&programs).await?;
        let (region, template) = (options.region.clone(), options.template.clone());
        let cloud = LocalCloud::start(options)
            .await
            .context("start the local cloud")?;
        let things = provision::create_things(&cloud, &plan.home, &plan.things)?;
        let listener = console::listen(plan.args.port).await?;
        let mut ready = Ready::new(&cloud, &listener, &region, plan.home.join("ca.pem"), things)?;
        ready.cloud.functions = ready::write_environments(&cloud.awaited(), &plan.home)?;
        let remote = ready.remote()?;
        let has_bound = provision::register(&remote, plan.args).await?;
        let presses_count_at = has_bound.then(|| Instant::now() + PRESS_COUNTS_AFTER);
        let device = programs.path(program::DEVICE)?;
        let fleet = Arc::new(Fleet::new(plan.device_options(&ready, device)?));
        let table = ready.table.clone();
        let trail = Arc::new(Trail::new(&table));
        let board = Board::new(remote.clone(), table, Arc::clone(&fleet), &plan.things);
        let board = Arc::new(board.context("name the things")?);
        let injector = Injector::new(
            Arc::clone(cloud.faults()),
            Arc::clone(&fleet),
            Arc::clone(&board),
        );
        let stack = Self {
            plan,
            cloud,
            fleet,
            board,
            trail,
            injector: Arc::new(injector),
            remote,
            ready,
            programs,
            template,
            presses_count_at,
        };
        Ok((stack, listener))
    }

    /// Serves the console, powers the devices and prints what happens, until dropped.
    async fn serve(&self, listener: TcpListener) -> Result<()> {
        let console = Console {
            fleet: Arc::clone(&self.fleet),
            board: Arc::clone(&self.board),
            trail: Arc::clone(&self.trail),
            cloud: self.remote.clone(),
            injector: Arc::clone(&self.injector),
            metrics: self.cloud.metrics().clone(),
        };
        tokio::select! {
            outcome = console.serve(listener, !self.plan.args.headless) => outcome,
            () = self.board.keep() => Ok(()),
            () = self.trail.keep() => Ok(()),
            () = self.narrate_cloud() => bail!("the local cloud has ended"),
            () = self.narrate_devices() => bail!("the devices have ended"),
            outcome = self.power_up() => outcome,
            outcome = self.apply_changes() => outcome,
        }
    }

    async fn apply_changes(&self) -> Result<()> {
        if !self.plan.watches() {
            return std::future::pending().await;
        }
        let changes = Changes {
            cloud: &self.cloud,
            fleet: &self.fleet,
            programs: &self.programs,
            checkout: self.plan.checkout.as_deref(),
            template: self.template.clone(),
            builds: !self.plan.args.no_build,
            log: self.plan.args.cloud.log,
            home: &self.plan.home,
        };
        changes.apply().await
    }

    /// Powers the devices, waits until all are ready, writes the ready files, and then
    /// carries out the faults of devices.
    async fn power_up(&self) -> Result<()> {
        let args = self.plan.args;
        self.fleet.power_on(Kind::Lock).await?;
        if !args.no_button_devices {
            self.fleet.power_on(Kind::Button).await?;
        }
        let up = self
            .board
            .wait_until(|state| self.plan.down(state).is_empty());
        tokio::select! {
            outcome = tokio::time::timeout(SETTLE, up) => {
                let state = self.board.last();
                anyhow::ensure!(outcome.is_ok(), unsettled_text(&self.plan.down(&state)));
            }
            () = self.say_what_is_down() => {}
            thing = self.fleet.wait_for_end() => bail!(
                "the device {thing} has ended: the lines above say why; check --device-set"
            ),
        }
        if let Some(presses_count_at) = self.presses_count_at.filter(|_| !args.no_button_devices) {
            tokio::time::sleep_until(presses_count_at).await;
        }
        for path in self.plan.ready_files() {
            ready::write(&path, &self.ready)?;
        }
        if args.cloud.log == Log::Pretty {
            print!("{}", self.welcome_text());
        }
        self.injector.run(&self.plan.faults.devices).await
    }

    async fn narrate_cloud(&self) {
        let narrator = Narrator::new(self.plan.args.cloud.log);
        let mut events = self.cloud.subscribe();
        loop {
            match events.recv().await {
                Ok(event) => {
                    narrator.print_event(&event);
                    self.board.on_event(&event);
                    self.trail.on_event(&event);
                    self.injector.on_event(&event);
                }
                Err(RecvError::Lagged(missed)) => {
                    eprintln!("({missed} events dropped: output too slow)");
                    self.board.touch_all();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn narrate_devices(&self) {
        let narrator = Narrator::new(self.plan.args.cloud.log);
        let mut lines = self.fleet.subscribe();
        loop {
            match lines.recv().await {
                Ok(line) => {
                    let now = lock_aws::clock::now().0;
                    narrator.print_device_line(now, &line);
                    self.board.touch_device(&line.thing);
                    if let Some(latch) = latch_of(&line.line) {
                        self.trail.on_latch(now, &line.thing, latch);
                    }
                }
                Err(RecvError::Lagged(_)) => self.board.touch_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn print_addresses(&self) {
        if self.plan.args.cloud.log != Log::Pretty {
            return;
        }
        let ready = &self.ready;
        println!(
            "cloud    MQTT over TLS {}, data plane {}, control plane {}",
            ready.cloud.mqtts, ready.cloud.iot_data, ready.cloud.iot
        );
        let kept_in = self.plan.kept_in();
        println!(
            "         DynamoDB {}, table {}; state kept in {kept_in}",
            ready.cloud.dynamodb, ready.table
        );
        for (name, waiting) in &ready.cloud.functions {
            println!("waits    {name}: {waiting}");
        }
    }

    /// Says now and then what is not up yet, until dropped.
    async fn say_what_is_down(&self) {
        let begun = Instant::now();
        let mut lines = tokio::time::interval_at(begun + WAIT_LINE_EVERY, WAIT_LINE_EVERY);
        loop {
            lines.tick().await;
            if self.plan.args.cloud.log == Log::Pretty {
                let state = self.board.last();
                let names = self.plan.down(&state).join(", ");
                let (seconds, most) = (begun.elapsed().as_secs(), SETTLE.as_secs());
                println!("waiting for {names}: {seconds} s of at most {most} s");
            }
        }
    }

    fn welcome_text(&self) -> String {
        let args = self.plan.args;
        let change = self.plan.watches().then(|| {
            let sources = if args.no_build {
                "or build a function or the virtual device again"
            } else {
                "a function in lambdas/, or firmware/"
            };
            let template = self.template.display();
            format!("edit {template}, {sources}: applied while this runs")
        });
        let welcome = Welcome {
            console: (!args.headless).then_some(self.ready.console.as_str()),
            state: &self.board.last(),
            call: Call::find(self.plan.ready_file(), self.plan.data_dir()),
            change,
        };
        welcome.screen()
    }

    async fn stop(self) -> Result<()> {
        for path in self.plan.ready_files() {
            let is_ours =
                Ready::read(&path).is_ok_and(|ready| ready.cloud.pid == self.ready.cloud.pid);
            if is_ours {
                let removed = std::fs::remove_file(&path);
                removed.with_context(|| format!("remove the ready file {}", path.display()))?;
            }
        }
        let off = self.fleet.power_off().await;
        self.cloud.shutdown().await;
        off
    }
}

/// The error about things that did not come up in time.
fn unsettled_text(names: &[&str]) -> String {
    format!(
        "not settled or connected within {} s: {}; the lines of these devices and of the functions \
         above say why; a fault or --device-set of this command may be the cause",
        SETTLE.as_secs(),
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_up_is_named() {
        assert_eq!(
            unsettled_text(&["lock-2", "button-2"]),
            "not settled or connected within 60 s: lock-2, button-2; the lines of these devices \
             and of the functions above say why; a fault or --device-set of this command may be \
             the cause"
        );
    }
}
