//! The command line, and how it teaches itself. Must not know what is done with it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Runs what a SAM template describes on this machine: MQTT broker, shadows, topic rules, functions, schedules, DynamoDB and
/// the calls that provision a device, each by its real protocol on 127.0.0.1.
///
/// What the template has and this machine cannot honour is an error that names file, line and logical id.
#[derive(Debug, Clone, Parser)]
#[command(name = "local-cloud", version, after_help = EXAMPLES)]
pub struct Command {
    /// The template, as `sam deploy` takes it.
    #[arg(long, value_name = "FILE", required_unless_present = "faults")]
    pub template: Option<PathBuf>,

    /// Written when all is up: where everything is, with credentials. Removed at the end.
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,

    /// Value for a parameter of the template; repeatable.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,

    /// Executable of the functions whose Metadata.BuildProperties.Binary is NAME; repeatable. A function without one runs
    /// the executable `bootstrap` in its CodeUri.
    #[arg(long = "binary", value_name = "NAME=PATH")]
    pub binaries: Vec<String>,

    /// Make a thing with a certificate that this IoT policy is attached to; repeatable. Its files are named in the ready file.
    #[arg(long = "thing", value_name = "NAME=POLICY")]
    pub things: Vec<String>,

    /// Where tables, things, certificates and shadows are kept. [default: in memory]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Keep nothing on disk, which is the default.
    #[arg(long, conflicts_with = "data_dir")]
    pub memory: bool,

    /// Port of MQTT over mutual TLS; 0 takes a free one, here and below.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_mqtts: u16,

    /// Port of the IoT data plane.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_iot_data: u16,

    /// Port of the IoT control plane.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_iot: u16,

    /// Port of DynamoDB.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port_dynamodb: u16,

    /// `AWS::StackName`.
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub stack: String,

    /// `AWS::Region`.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub region: String,

    /// `AWS::AccountId`.
    #[arg(long, value_name = "ID", default_value = "123456789012")]
    pub account: String,

    /// Inject a fault, as `what[:target]@when`; repeatable. `--fault help` lists all.
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<String>,

    /// Seed of every random choice the faults make.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Factor on the periods of schedules and on Lambda's waits before a retry, above 0 and at most 1: 0.05 makes 3 s of a
    /// minute.
    #[arg(long, value_name = "F", default_value_t = 1.0)]
    pub time_scale: f64,

    /// Do not look for changes: without this, a changed template or function is taken up while all runs.
    #[arg(long)]
    pub no_watch: bool,

    /// How to print what happens.
    #[arg(long, value_enum, default_value_t = Log::Pretty)]
    pub log: Log,
}

/// How to print what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// Lines to read.
    Pretty,
    /// One JSON object per line.
    Json,
}

const EXAMPLES: &str = "\
Examples:
  local-cloud --template template.yaml
  local-cloud --template template.yaml --parameter LogLevel=DEBUG --binary worker=target/debug/worker
  local-cloud --template template.yaml --thing sensor-1=sensor --ready-file ready.json --data-dir .data
  local-cloud --template template.yaml --fault drop:rooms/+@5% --seed 7
  local-cloud --fault help

Then, from another shell, with the addresses that are printed (or jq on the ready file):
  mosquitto_pub -h 127.0.0.1 -p PORT --cafile CA --cert CERT --key KEY -i sensor-1 -t rooms/attic -m '{\"degrees\": 19}' -q 1
  AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… aws --region us-east-1 --endpoint-url http://127.0.0.1:PORT dynamodb list-tables";

/// The two sides of `NAME=VALUE`, given with `option`.
pub fn pair(option: &str, text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("--{option} {text}: write it as NAME=VALUE")),
    }
}
