//! The contenders: our press function and its peers, as programs that a Lambda could run.
//!
//! Must not know: how they are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

use crate::stand::{self, Stand};

/// Where the contenders are.
#[derive(Debug, Clone, clap::Args)]
pub struct Paths {
    /// Our press function, as deployed.
    #[arg(long, value_name = "PATH")]
    pub press: PathBuf,
    /// The hand-written floor.
    #[arg(long, value_name = "PATH")]
    pub raw: PathBuf,
    /// A Python that has boto3.
    #[arg(long, value_name = "PATH")]
    pub python: PathBuf,
    /// The Python peer.
    #[arg(long, value_name = "FILE")]
    pub python_peer: PathBuf,
    /// The bundle of the Node peer.
    #[arg(long, value_name = "FILE")]
    pub node_bundle: PathBuf,
}

/// A program under measurement.
#[derive(Debug, Clone)]
pub struct Contender {
    pub name: &'static str,
    /// Calls of a warm press of a peer: 2 predicts the record, 3 reads it. Ours decides itself.
    pub calls: u64,
    words: Vec<PathBuf>,
    /// What is deployed, without the language's own run time.
    pub deployed_bytes: u64,
}

/// The packages that a deployed boto3 consists of.
const BOTO3: [&str; 7] = [
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "urllib3",
    "six.py",
];

/// Ours first, then the floor, Python and Node: each peer as ours does it, in two calls, and as it
/// is usually done, in three.
pub fn contenders(paths: &Paths) -> Result<Vec<Contender>> {
    let new = |name, calls, words: &[&Path], deployed_bytes| Contender {
        name,
        calls,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        deployed_bytes,
    };
    let raw: [&Path; 1] = [&paths.raw];
    let raw_bytes = bytes_of(&paths.raw)?;
    let python: [&Path; 2] = [&paths.python, &paths.python_peer];
    let python_bytes = bytes_of(&paths.python_peer)? + boto3_bytes(&paths.python)?;
    let node: [&Path; 2] = [Path::new("node"), &paths.node_bundle];
    let node_bytes = bytes_of(&paths.node_bundle)?;
    Ok(vec![
        new("ours", 2, &[&paths.press], bytes_of(&paths.press)?),
        new("raw", 2, &raw, raw_bytes),
        new("raw, 3 trips", 3, &raw, raw_bytes),
        new("python", 2, &python, python_bytes),
        new("python, 3 trips", 3, &python, python_bytes),
        new("node", 2, &node, node_bytes),
        new("node, 3 trips", 3, &node, node_bytes),
    ])
}

impl Contender {
    /// Starts a process that works against `stand`. Its log goes to `log`.
    pub fn start(&self, stand: &Stand, runtime: &str, log: &Path) -> Result<Child> {
        let log = fs::File::create(log).context("create a file for the log")?;
        let mut command = Command::new(&self.words[0]);
        command
            .args(&self.words[1..])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::var_os("HOME").unwrap_or_default())
            .env("LANG", "en_US.UTF-8")
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", runtime),
                ("AWS_LAMBDA_FUNCTION_NAME", "press"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_REGION", stand::REGION),
                ("AWS_DEFAULT_REGION", stand::REGION),
                ("AWS_ACCESS_KEY_ID", stand::ACCESS_KEY_ID),
                ("AWS_SECRET_ACCESS_KEY", stand::SECRET_ACCESS_KEY),
                ("AWS_SESSION_TOKEN", stand::SESSION_TOKEN),
                ("AWS_ENDPOINT_URL_DYNAMODB", &stand.dynamodb),
                ("AWS_ENDPOINT_URL_IOT_DATA_PLANE", &stand.iot),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("TABLE_NAME", stand::TABLE),
                // Presses come faster than a person's: these rules would ignore them.
                ("SAME_WISH_MS", "0"),
                ("BENCH_CALLS", &self.calls.to_string()),
                ("NODE_ENV", "production"),
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ])
            .env("SSL_CERT_FILE", &stand.ca)
            .env("AWS_CA_BUNDLE", &stand.ca)
            .env("NODE_EXTRA_CA_CERTS", &stand.ca)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the log")?)
            .stderr(log)
            .kill_on_drop(true);
        let started = command.spawn();
        started.with_context(|| format!("start {}", self.words[0].display()))
    }
}

fn boto3_bytes(python: &Path) -> Result<u64> {
    let print = "import boto3, os; print(os.path.dirname(os.path.dirname(boto3.__file__)))";
    let output = std::process::Command::new(python)
        .args(["-c", print])
        .output();
    let output = output.with_context(|| format!("run {}", python.display()))?;
    let packages = String::from_utf8(output.stdout).context("read where boto3 is")?;
    let packages = Path::new(packages.trim());
    BOTO3
        .iter()
        .map(|name| bytes_of(&packages.join(name)))
        .sum()
}

/// Size of a file, or of all files in a folder.
fn bytes_of(path: &Path) -> Result<u64> {
    let read = || format!("read the size of {}", path.display());
    let metadata = fs::metadata(path).with_context(read)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let entries = fs::read_dir(path).with_context(read)?;
    entries
        .map(|entry| bytes_of(&entry.with_context(read)?.path()))
        .sum()
}
