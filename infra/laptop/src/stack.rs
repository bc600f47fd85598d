//! `lockctl local`: composes the local cloud, the functions, the virtual devices and the console into the whole product on
//! one machine. Each part is the real one; here they are only put together, watched and ended.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use local_cloud::{LocalCloud, Options};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;

use crate::board::Board;
use crate::change::{self, Keeper};
use crate::cli::{LocalArgs, Log, StackArgs};
use crate::console::Console;
use crate::device::Kind;
use crate::fault::{self, Faults};
use crate::fleet::Fleet;
use crate::narrate::Narrator;
use crate::plan::{self, PRESS_COUNTS_AFTER};
use crate::program::{self, Programs};
use crate::progress::Steps;
use crate::provision::write_secret;
use crate::ready::Ready;

/// How long the locks may take to report and settle after the start.
const SETTLE: Duration = Duration::from_secs(60);

/// Runs until Ctrl-C (or SIGTERM), then ends everything it started.
pub async fn run(args: &LocalArgs, place: &StackArgs) -> Result<()> {
    if args.faults.iter().any(|spec| spec == "help") {
        print!("{}", fault::help());
        return Ok(());
    }
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let stack = tokio::select! {
        stack = Stack::start(args, place) => stack?,
        () = &mut interrupted => bail!("interrupted before the stack was up"),
    };
    stack.greet(args, place);
    let outcome = tokio::select! {
        outcome = stack.watch(args) => outcome,
        () = &mut interrupted => Ok(()),
    };
    if args.log == Log::Pretty {
        println!("\nending: devices, functions, cloud");
    }
    stack.stop().await.and(outcome)
}

/// Completes at Ctrl-C or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Everything that runs.
struct Stack {
    cloud: LocalCloud,
    fleet: Arc<Fleet>,
    board: Arc<Board>,
    ready: Ready,
    ready_files: Vec<PathBuf>,
    faults: Faults,
    programs: Programs,
    template: PathBuf,
    listener: Mutex<Option<TcpListener>>,
    /// When presses of the buttons that were bound at the start count.
    counts_at: Option<tokio::time::Instant>,
    _scratch: Option<tempfile::TempDir>,
}

impl Stack {
    async fn start(args: &LocalArgs, place: &StackArgs) -> Result<Self> {
        let shared_ready = place.data_dir.join("ready.json");
        if !args.memory && Ready::read(&shared_ready).is_ok_and(|ready| ready.is_live()) {
            bail!(
                "a stack already runs on {}: use it from here with `lockctl status`, or give this one another --data-dir",
                place.data_dir.display()
            );
        }
        let things = plan::things(args.locks, args.buttons);
        let faults = Faults::parse(&args.faults)?;
        let is_run = |kind: &Kind| *kind == Kind::Lock || !args.no_button_devices;
        let devices = things.iter().filter(|(_, kind)| is_run(kind));
        faults.check_devices(&devices.map(|(name, _)| name.as_str()).collect::<Vec<_>>())?;
        let scratch = if args.memory {
            Some(tempfile::tempdir().context("make a scratch folder")?)
        } else {
            None
        };
        let home = scratch.as_ref().map_or_else(
            || place.data_dir.clone(),
            |scratch| scratch.path().to_owned(),
        );
        std::fs::create_dir_all(&home)
            .with_context(|| format!("make the data directory {}", home.display()))?;
        let home = home
            .canonicalize()
            .with_context(|| format!("find the data directory {}", home.display()))?;

        let steps = Steps::new(args.log);
        let programs = Programs::beside_this_one()?;
        let options = plan::options(args, place, &home, &faults)?;
        let functions = plan::function_names(&options)?;
        if !args.no_build {
            let names: Vec<_> = functions
                .iter()
                .cloned()
                .chain([program::DEVICE.to_owned()])
                .collect();
            let named = names.join(", ");
            let step = steps.begin(&format!("building {named}"));
            programs.build(&names, &step).await?;
            steps.end(&step, &format!("built {named}"));
        }
        let options = Options {
            binaries: programs.functions(&functions)?,
            ..options
        };
        let (region, template) = (options.region.clone(), options.template.clone());
        let cloud = LocalCloud::start(options)
            .await
            .context("start the local cloud")?;

        let registered = plan::provision(&cloud, &home, &things)?;
        let ca = home.join("ca.pem");
        write_secret(&ca, cloud.ca_pem())?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
            .await
            .with_context(|| {
                format!(
                    "listen on port {} for the console: is it taken? (--port N)",
                    args.port
                )
            })?;
        let ready = plan::ready(&cloud, &listener, region, ca, registered)?;
        let remote = ready.cloud();
        let has_bound = plan::register(&remote, args).await?;
        let counts_at = has_bound.then(|| tokio::time::Instant::now() + PRESS_COUNTS_AFTER);
        let fleet = Arc::new(Fleet::new(plan::plans(&ready, &home, args, &programs)?));
        let names = |kind| {
            things
                .iter()
                .filter(move |(_, k)| **k == kind)
                .map(|(name, _)| name.as_str())
        };
        let board = Board::new(
            remote,
            Arc::clone(&fleet),
            names(Kind::Lock),
            names(Kind::Button),
        );
        let board = Arc::new(board.context("name the things")?);
        let mut ready_files = Vec::new();
        if !args.memory {
            ready_files.push(shared_ready);
        }
        ready_files.extend(place.ready_file.clone());
        let listener = Mutex::new(Some(listener));
        Ok(Self {
            cloud,
            fleet,
            board,
            ready,
            ready_files,
            faults,
            programs,
            template,
            listener,
            counts_at,
            _scratch: scratch,
        })
    }

    /// Powers the devices, waits until the locks are settled and a press counts, says so, and then tells what happens until dropped.
    async fn watch(&self, args: &LocalArgs) -> Result<()> {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let listener = listener.context("the stack is watched once")?;
        let console = Console {
            fleet: Arc::clone(&self.fleet),
            board: Arc::clone(&self.board),
            faults: Arc::clone(self.cloud.faults()),
            metrics: self.cloud.metrics().clone(),
        };
        tokio::select! {
            outcome = console.serve(listener, !args.headless) => outcome,
            () = self.board.keep() => Ok(()),
            () = self.tell_cloud(args.log) => bail!("the local cloud has ended"),
            () = self.tell_devices(args.log) => bail!("the devices have ended"),
            outcome = self.bring_up(args) => outcome,
            outcome = self.keep_up(args) => outcome,
        }
    }

    async fn keep_up(&self, args: &LocalArgs) -> Result<()> {
        if !change::is_wanted(args) {
            return std::future::pending().await;
        }
        let keeper = Keeper {
            cloud: &self.cloud,
            fleet: &self.fleet,
            programs: &self.programs,
            template: self.template.clone(),
            builds: !args.no_build,
            log: args.log,
        };
        keeper.keep_up().await
    }

    async fn bring_up(&self, args: &LocalArgs) -> Result<()> {
        self.fleet.power_on(Kind::Lock).await?;
        if !args.no_button_devices {
            self.fleet.power_on(Kind::Button).await?;
        }
        let mut shown = self.board.watch();
        let settled = shown.wait_for(|state| plan::is_up(state, args));
        match tokio::time::timeout(SETTLE, settled).await {
            Ok(outcome) => drop(outcome.context("the board has ended")?),
            Err(_) => bail!(
                "not every lock settled within {SETTLE:?}: {:#}",
                self.board.now()
            ),
        }
        if let Some(counts_at) = self.counts_at.filter(|_| !args.no_button_devices) {
            tokio::time::sleep_until(counts_at).await;
        }
        for path in &self.ready_files {
            self.ready.write(path)?;
        }
        if args.log == Log::Pretty {
            self.hint(args);
        }
        self.faults.run(&self.fleet, &self.board).await
    }

    async fn tell_cloud(&self, log: Log) {
        let narrator = Narrator::new(log);
        let mut events = self.cloud.subscribe();
        loop {
            match events.recv().await {
                Ok(event) => {
                    narrator.cloud(&event);
                    self.board.cloud(&event);
                }
                Err(RecvError::Lagged(missed)) => {
                    eprintln!("({missed} events were too fast to tell)");
                    self.board.touch_all();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn tell_devices(&self, log: Log) {
        let narrator = Narrator::new(log);
        let mut notices = self.fleet.listen();
        loop {
            match notices.recv().await {
                Ok(notice) => {
                    narrator.device(lock_aws::clock::now().0, &notice);
                    self.board.touch(&notice.thing);
                }
                Err(RecvError::Lagged(_)) => self.board.touch_all(),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn greet(&self, args: &LocalArgs, place: &StackArgs) {
        if args.log == Log::Json {
            return;
        }
        let kept = if args.memory {
            "memory only (--memory), gone at the end".to_owned()
        } else {
            place.data_dir.display().to_string()
        };
        let ready = &self.ready;
        println!(
            "cloud    MQTT over TLS {}, data plane {}, control plane {}",
            ready.mqtts, ready.iot_data, ready.iot
        );
        println!(
            "         DynamoDB {}, table {}; state kept in {kept}",
            ready.dynamodb, ready.table
        );
    }

    fn hint(&self, args: &LocalArgs) {
        println!("\nready: every lock is settled");
        if !args.headless {
            println!("  console   {}", self.ready.console);
        }
        println!(
            "  press     lockctl press button-1     (from a second shell; cargo run -q -- press button-1)"
        );
        println!("  look      lockctl status · lockctl history lock-1");
        if change::is_wanted(args) {
            let sources = if args.no_build {
                "or build a function or the virtual device again"
            } else {
                "a function in lambdas/, or firmware/"
            };
            println!(
                "  change    edit {}, {sources}: taken up while this runs",
                self.template.display()
            );
        }
        println!("  break     lockctl local --fault help   (how to lose messages, power and more)");
        println!("  end       Ctrl-C\n");
    }

    async fn stop(self) -> Result<()> {
        for path in &self.ready_files {
            let ours = Ready::read(path).is_ok_and(|ready| ready.pid == self.ready.pid);
            if ours {
                std::fs::remove_file(path).with_context(|| format!("remove {}", path.display()))?;
            }
        }
        let off = self.fleet.power_off().await;
        self.cloud.shutdown().await;
        off
    }
}
