//! `lockctl local`: composes the local cloud, the functions, the virtual devices and the console into the whole product on
//! one machine. Each part is the real one; here they are only put together, watched and ended.

pub mod board;
pub mod console;
pub mod device;
pub mod fault;
pub mod fleet;
pub mod narrate;
pub mod program;
pub mod provision;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use local_cloud::{LocalCloud, Options, Ports};
use serde_json::Value;
use tokio::net::TcpListener;

use self::board::Board;
use self::console::Console;
use self::device::{Kind, Plan};
use self::fault::Faults;
use self::fleet::Fleet;
use self::narrate::Narrator;
use self::program::Programs;
use self::provision::{Provision, write_secret};
use crate::cli::{Global, LocalArgs, Log};
use crate::ready::{Credentials, Ready, Thing};
use crate::target::Target;

/// How long the locks may take to report and settle after the start.
const SETTLE: Duration = Duration::from_secs(60);
/// Account that the stand-in plays.
const ACCOUNT: &str = "123456789012";
/// Region that it plays when the environment names none.
const REGION: &str = "us-east-1";

/// Runs until Ctrl-C (or SIGTERM), then ends everything it started.
pub async fn run(args: LocalArgs, global: Global) -> Result<()> {
    if args.faults.iter().any(|spec| spec == "help") {
        print!("{}", fault::help());
        return Ok(());
    }
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let stack = tokio::select! {
        stack = Stack::start(&args, &global) => stack?,
        () = &mut interrupted => bail!("interrupted before the stack was up"),
    };
    stack.greet(&args, &global);
    let outcome = tokio::select! {
        outcome = stack.watch(&args) => outcome,
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
    listener: std::sync::Mutex<Option<TcpListener>>,
    _scratch: Option<tempfile::TempDir>,
}

impl Stack {
    async fn start(args: &LocalArgs, global: &Global) -> Result<Self> {
        let shared_ready = global.data_dir.join("ready.json");
        if !args.memory && Ready::read(&shared_ready).is_ok_and(|ready| ready.is_live()) {
            bail!(
                "a stack already runs on {}: use it from here with `lockctl status`, or give this one another --data-dir",
                global.data_dir.display()
            );
        }
        let faults = Faults::parse(&args.faults)?;
        let scratch = if args.memory {
            Some(tempfile::tempdir().context("make a scratch folder")?)
        } else {
            None
        };
        let home = scratch.as_ref().map_or_else(
            || global.data_dir.clone(),
            |scratch| scratch.path().to_owned(),
        );
        std::fs::create_dir_all(&home)
            .with_context(|| format!("make the data directory {}", home.display()))?;
        let home = home
            .canonicalize()
            .with_context(|| format!("find the data directory {}", home.display()))?;

        let steps = Steps::new(args.log);
        let programs = Programs::beside_this_one()?;
        let options = options(args, global, &home, &faults)?;
        let functions = function_names(&options)?;
        if !args.no_build {
            let names: Vec<_> = functions
                .iter()
                .cloned()
                .chain([program::DEVICE.to_owned()])
                .collect();
            let step = steps.begin(&format!("building {}", names.join(", ")));
            programs.build(&names, &step).await?;
            steps.end(&step, "built");
        }
        let options = Options {
            binaries: programs.functions(&functions)?,
            ..options
        };
        let region = options.region.clone();
        let cloud = LocalCloud::start(options)
            .await
            .context("start the local cloud")?;

        let things = things(args.locks, args.buttons);
        let registered = provision(&cloud, &home, &things)?;
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
        let ready = ready(&cloud, &listener, region, ca, registered)?;
        let target = Target::local(&ready);
        bind(&target, args).await?;
        let fleet = Arc::new(Fleet::new(plans(&ready, &home, args, &programs)?));
        let names = |kind| {
            things
                .iter()
                .filter(move |(_, k)| **k == kind)
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        let board = Arc::new(Board::new(
            target,
            Arc::clone(&fleet),
            names(Kind::Lock),
            names(Kind::Button),
        ));
        let mut ready_files = Vec::new();
        if !args.memory {
            ready_files.push(shared_ready);
        }
        ready_files.extend(global.ready_file.clone());
        let listener = std::sync::Mutex::new(Some(listener));
        Ok(Self {
            cloud,
            fleet,
            board,
            ready,
            ready_files,
            faults,
            listener,
            _scratch: scratch,
        })
    }

    /// Powers the devices, waits until the locks are settled, says so, and then tells what happens until dropped.
    async fn watch(&self, args: &LocalArgs) -> Result<()> {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let listener = listener.context("the stack is watched once")?;
        let console = Console {
            fleet: Arc::clone(&self.fleet),
            board: Arc::clone(&self.board),
        };
        tokio::select! {
            outcome = console.serve(listener, !args.headless) => outcome,
            () = self.board.keep() => Ok(()),
            () = self.tell_cloud(args.log) => bail!("the local cloud has ended"),
            () = self.tell_devices(args.log) => bail!("the devices have ended"),
            outcome = self.bring_up(args) => outcome,
        }
    }

    async fn bring_up(&self, args: &LocalArgs) -> Result<()> {
        self.fleet.power_on(Kind::Lock).await?;
        if !args.no_button_devices {
            self.fleet.power_on(Kind::Button).await?;
        }
        let mut shown = self.board.watch();
        let settled = shown.wait_for(|state| is_up(state, args));
        match tokio::time::timeout(SETTLE, settled).await {
            Ok(outcome) => drop(outcome.context("the board has ended")?),
            Err(_) => bail!(
                "not every lock settled within {SETTLE:?}: {:#}",
                self.board.now()
            ),
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
                Err(tokio::sync::broadcast::error::RecvError::Lagged(missed)) => {
                    eprintln!("({missed} events were too fast to tell)");
                    self.board.touch_all();
                }
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
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
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => self.board.touch_all(),
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn greet(&self, args: &LocalArgs, global: &Global) {
        if args.log == Log::Json {
            return;
        }
        let kept = if args.memory {
            "nothing (--memory)".to_owned()
        } else {
            global.data_dir.display().to_string()
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
        println!("  break     lockctl local --fault help");
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

fn is_up(state: &Value, args: &LocalArgs) -> bool {
    let all = |list: &str, fits: &dyn Fn(&Value) -> bool| {
        state[list]
            .as_array()
            .is_some_and(|all| all.iter().all(fits))
    };
    let counted = state["locks"].as_array().map_or(0, Vec::len) == usize::from(args.locks);
    counted
        && all("locks", &|lock| lock["record"]["status"] == "settled")
        && (args.no_button_devices
            || all("buttons", &|button| button["device"]["connected"] == true))
}

fn things(locks: u16, buttons: u16) -> BTreeMap<String, Kind> {
    let locks = (1..=locks).map(|i| (format!("lock-{i}"), Kind::Lock));
    locks
        .chain((1..=buttons).map(|i| (format!("button-{i}"), Kind::Button)))
        .collect()
}

fn options(args: &LocalArgs, global: &Global, home: &Path, faults: &Faults) -> Result<Options> {
    let mut parameters = BTreeMap::new();
    for given in &args.parameters {
        let (name, value) = given
            .split_once('=')
            .with_context(|| format!("--parameter is NAME=VALUE, not {given}"))?;
        parameters.insert(name.to_owned(), value.to_owned());
    }
    Ok(Options {
        template: args
            .template
            .clone()
            .unwrap_or_else(|| program::workspace().join("template.yaml")),
        parameters,
        stack_name: global.stack.clone(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        data_dir: if args.memory {
            None
        } else {
            Some(home.join("cloud"))
        },
        binaries: BTreeMap::new(),
        ports: Ports::default(),
        seed: args.seed,
        faults: faults.cloud.clone(),
    })
}

/// The programs that the template names.
fn function_names(options: &Options) -> Result<Vec<String>> {
    let context = local_cloud::template::Context {
        stack_name: options.stack_name.clone(),
        region: options.region.clone(),
        account: options.account.clone(),
        parameters: options.parameters.clone(),
    };
    let template = local_cloud::template::Template::load(&options.template, &context)?;
    Ok(template
        .functions
        .into_iter()
        .map(|function| function.binary)
        .collect())
}

fn provision(
    cloud: &LocalCloud,
    home: &Path,
    things: &BTreeMap<String, Kind>,
) -> Result<BTreeMap<String, Thing>> {
    let output = |name: &str| {
        cloud
            .outputs()
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("the template has no output {name}"))
    };
    let provision = Provision {
        registry: cloud.registry(),
        directory: home.join("things"),
        lock_policy: output("LockPolicyName")?,
        button_policy: output("ButtonPolicyName")?,
    };
    provision.all(things)
}

fn ready(
    cloud: &LocalCloud,
    listener: &TcpListener,
    region: String,
    ca: PathBuf,
    things: BTreeMap<String, Thing>,
) -> Result<Ready> {
    let endpoints = cloud.endpoints();
    let credentials = cloud.credentials();
    Ok(Ready {
        mqtts: endpoints.mqtts.to_string(),
        ca,
        iot_data: endpoints.iot_data.clone(),
        iot: endpoints.iot.clone(),
        dynamodb: endpoints.dynamodb.clone(),
        console: format!(
            "http://{}",
            listener.local_addr().context("find the console's port")?
        ),
        region,
        table: cloud
            .outputs()
            .get("TableName")
            .cloned()
            .context("the template has no output TableName")?,
        things,
        credentials: Credentials {
            access_key_id: credentials.access_key_id.clone(),
            secret_access_key: credentials.secret_access_key.clone(),
        },
        pid: std::process::id(),
    })
}

/// Binds each button that has no binding yet; what an operator has bound stays.
async fn bind(target: &Target, args: &LocalArgs) -> Result<()> {
    if args.locks == 0 {
        return Ok(());
    }
    for index in 0..args.buttons {
        let (button, lock) = (
            format!("button-{}", index + 1),
            format!("lock-{}", index % args.locks + 1),
        );
        if target.binding(&button).await?.is_none() {
            target
                .bind(&button, &lock, lock_core::binding::Actions::default())
                .await?;
        }
    }
    Ok(())
}

fn plans(ready: &Ready, home: &Path, args: &LocalArgs, programs: &Programs) -> Result<Vec<Plan>> {
    let program = programs.path(program::DEVICE)?;
    let devices = ready
        .things
        .iter()
        .filter(|(_, thing)| thing.kind == Kind::Lock || !args.no_button_devices);
    devices
        .map(|(name, thing)| {
            let flash = home.join("flash").join(name);
            std::fs::create_dir_all(&flash).with_context(|| format!("make the flash of {name}"))?;
            Ok(Plan {
                program: program.clone(),
                thing: name.clone(),
                kind: thing.kind,
                broker: ready.mqtts.clone(),
                ca: ready.ca.clone(),
                cert: thing.cert.clone(),
                key: thing.key.clone(),
                flash,
                settings: args.device_settings.clone(),
            })
        })
        .collect()
}

/// Progress of the start: a spinner for people, nothing for scripts.
struct Steps {
    log: Log,
}

impl Steps {
    fn new(log: Log) -> Self {
        Self { log }
    }

    fn begin(&self, what: &str) -> ProgressBar {
        if self.log == Log::Json {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_prefix(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    fn end(&self, bar: &ProgressBar, how: &str) {
        bar.finish_and_clear();
        if self.log == Log::Pretty {
            println!(
                "{how}: {} in {:.1} s",
                bar.prefix(),
                bar.elapsed().as_secs_f64()
            );
        }
    }
}
