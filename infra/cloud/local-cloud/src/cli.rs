//! Command-line options and signals of programs that run a local cloud.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use crate::{Fault, FaultError};

/// Options of the cloud itself.
#[derive(Debug, Clone, Args)]
pub struct CloudArgs {
    /// Value of a template parameter, such as LogLevel=DEBUG; repeatable. It overrides the default
    /// in the template, also after the template changes.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,

    /// Value of a dynamic reference: `ssm:/a/b=VALUE` for `{{resolve:ssm:/a/b}}`, and
    /// `import:x=VALUE` for `!ImportValue x`; repeatable. A reference without a value stops the
    /// start: none is passed on as text.
    #[arg(long = "resolve", value_name = "NAME=VALUE")]
    pub references: Vec<String>,

    /// Do not start the processes of this function (logical id or name): its Runtime API's address
    /// is printed, and its events wait for a process that you start, such as a debugger, with the
    /// variables of the printed file. Its time is not limited; repeatable.
    #[arg(long = "no-start", value_name = "FUNCTION")]
    pub no_start: Vec<String>,

    /// Inject a fault, written `what[:target]@when`; repeatable. `--fault help` lists all.
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<String>,

    /// Seed of all random choices of faults.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Factor on the cloud's own waits, above 0 and at most 1: schedule periods, and the minutes
    /// before a failed function is retried. 0.05 turns a minute into 3 s. Nothing else is scaled.
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = parse_time_scale)]
    pub time_scale: f64,

    /// Take over tables that a deleted stack left in the data directory, as a resource import does
    /// in AWS. Without it, such a table stops the start.
    #[arg(long)]
    pub import_retained: bool,

    /// A type that has no effect here; repeatable. A resource of it (`AWS::Kinesis::Stream`) is a
    /// name with made-up attributes; an event (`Api`) never comes; a rule's action (`Firehose`)
    /// does nothing. A star at the end covers all types that begin so.
    #[arg(long = "inert", value_name = "TYPE")]
    pub inert: Vec<String>,

    /// Format of the log on standard output; `none` saves the work of writing it.
    #[arg(long, value_enum, default_value_t = Log::Pretty)]
    pub log: Log,
}

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// Lines of text.
    Pretty,
    /// One JSON object per line.
    Json,
    /// Nothing; errors and warnings still go to standard error.
    None,
}

impl CloudArgs {
    /// The text for `--fault help`, with the faults of devices if the program runs some; `None`
    /// without that option.
    pub fn fault_help(&self, of_devices: bool) -> Option<String> {
        let is_asked = self.faults.iter().any(|spec| spec == "help");
        let text = || {
            let forms = Fault::help(of_devices);
            format!("A fault is written what[:target]@when; --fault is repeatable.\n\n{forms}\n")
        };
        is_asked.then(text)
    }

    /// The parameters by name, and the values of dynamic references by reference.
    ///
    /// # Errors
    ///
    /// One is not written as `NAME=VALUE`.
    pub fn parameters(&self) -> Result<BTreeMap<String, String>, String> {
        let mut parameters = parse_pairs("parameter", "NAME=VALUE", &self.parameters)?;
        let references = parse_pairs("resolve", "NAME=VALUE", &self.references)?.into_iter();
        let by_key = |(name, value): (String, String)| (sam_template::reference_key(&name), value);
        parameters.extend(references.map(by_key));
        Ok(parameters)
    }

    /// The faults, in the order given.
    ///
    /// # Errors
    ///
    /// [`FaultError`]: one is not written as a fault.
    pub fn faults(&self) -> Result<Vec<Fault>, FaultError> {
        self.faults.iter().map(|spec| spec.parse()).collect()
    }
}

/// The values of a repeatable `option`, each written in a form such as `NAME=VALUE`, by name.
///
/// # Errors
///
/// A value without `=` or without a name.
pub fn parse_pairs(
    option: &str,
    form: &str,
    given: &[String],
) -> Result<BTreeMap<String, String>, String> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("--{option} {text}: write it as {form}")),
    };
    given.iter().map(pair).collect()
}

fn parse_time_scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor <= 1.0 => Ok(factor),
        _ => Err("must be above 0 and at most 1".to_owned()),
    }
}

/// Completes at Ctrl-C or SIGTERM.
///
/// # Errors
///
/// The system installs no signal handler.
pub async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}
