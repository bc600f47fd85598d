//! What `lockctl doctor` has seen, as plain data.
//!
//! Must not know: how it was seen, or what it means.

use lock_aws::registry::{
    Alarm, Connection, Depth, FunctionState, ListedRule, PolicyText, Runs, Stack, Thing, Trigger,
};
use lock_aws::{CallError, RegistryError, Remedy, StoreError, chain};
use lock_core::binding::Binding;
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::record::Record;
use lock_core::time::UnixMillis;

use crate::register::kind::Kind;

/// Something that was looked at, or why it could not be seen.
pub type Seen<T> = Result<T, Unseen>;

/// Why something could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The call and its error, or what is missing for it.
    pub text: String,
    /// The service's name for its refusal, such as `ExpiredTokenException`.
    pub code: Option<String>,
    /// What a person can do about it.
    pub remedy: Remedy,
}

/// All that was seen, at one time.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The time by the target's clock.
    pub now: UnixMillis,
    /// The region.
    pub region: String,
    /// The stack's name, which is the table's too.
    pub stack_name: String,
    /// Whether it is a laptop stack.
    pub is_local: bool,
    /// The stack; `None` if there is none of this name.
    pub stack: Seen<Option<Stack>>,
    /// The host that devices connect to.
    pub endpoint: Seen<String>,
    /// The account of the table.
    pub table: Seen<String>,
    /// The limits that the functions wrote; `None` until one has run.
    pub limits: Seen<Option<Limits>>,
    /// The functions, in the order of a press.
    pub functions: Vec<Function>,
    /// The topic rules, in the order of a press.
    pub rules: Vec<Rule>,
    /// All rules of the account and region.
    pub listed: Seen<Vec<ListedRule>>,
    /// Names of rules that a person knows and accepts.
    pub accepted: Vec<String>,
    /// The devices.
    pub devices: Vec<Device>,
    /// What people call them.
    pub names: Names,
    /// The failure queue; what is in it still after some seconds.
    pub failure_queue: Seen<Depth>,
    /// The poison queue.
    pub poison_queue: Seen<Depth>,
    /// The alarms that are on.
    pub alarms: Seen<Vec<Alarm>>,
}

/// A function of the stack.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its part: `press`.
    pub role: &'static str,
    /// Its name in Lambda.
    pub name: Seen<String>,
    /// Its state; `None` if it does not exist.
    pub state: Seen<Option<FunctionState>>,
    /// How it has run in the last minutes.
    pub runs: Seen<Runs>,
}

/// A topic rule of the stack.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its part: `button`.
    pub role: &'static str,
    /// Its name.
    pub name: String,
    /// The part of the function that it must invoke.
    pub function: &'static str,
    /// The rule; `None` if it does not exist, or may not be read.
    pub found: Seen<Option<Trigger>>,
    /// The policy of the function's alias; `None` without one.
    pub policy: Seen<Option<String>>,
}

/// A device.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its name, which is the name of its thing and its client.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What the table has about it.
    pub entry: Seen<Entry>,
    /// Its thing; `None` if there is none.
    pub thing: Seen<Option<Thing>>,
    /// The policies of its active certificates, by certificate.
    pub policies: Vec<CertificatePolicies>,
    /// Its connection; `None` if it has never connected, or long ago.
    pub connection: Seen<Option<Connection>>,
}

/// An active certificate and its policies.
#[derive(Debug, Clone)]
pub struct CertificatePolicies {
    /// ARN of the certificate.
    pub arn: String,
    /// Its policies.
    pub policies: Seen<Vec<PolicyText>>,
}

/// What the table has about a device.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A registered lock.
    Lock(Box<Record>),
    /// A registered lock without a record.
    LockWithoutRecord,
    /// A registered button.
    Button {
        /// Its binding.
        binding: Box<Binding>,
        /// Whether the lock that it is bound to is registered.
        is_lock_known: bool,
    },
    /// Nothing.
    Absent,
}

impl Unseen {
    /// Something that cannot be looked at without something else.
    pub fn without(what: &str) -> Self {
        Self {
            text: format!("not looked at: {what}"),
            code: None,
            remedy: Remedy::Other,
        }
    }

    fn of(text: String, source: &CallError) -> Self {
        let code = match source {
            CallError::Refused { code, .. } => Some(code.clone()),
            _ => None,
        };
        Self {
            text,
            code,
            remedy: source.remedy(),
        }
    }
}

impl From<RegistryError> for Unseen {
    fn from(error: RegistryError) -> Self {
        Self::of(chain(&error), &error.source)
    }
}

impl From<StoreError> for Unseen {
    fn from(error: StoreError) -> Self {
        Self::of(chain(&error), &error.source)
    }
}

impl Evidence {
    /// The stack, if it was seen.
    pub fn stack(&self) -> Option<&Stack> {
        self.stack.as_ref().ok()?.as_ref()
    }

    /// An output of the stack.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.stack()?.outputs.get(name).map(String::as_str)
    }

    /// A parameter of the stack.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.stack()?.parameters.get(name).map(String::as_str)
    }

    /// `lockctl resume`, for this stack.
    pub fn lockctl(&self, command: &str) -> String {
        if self.is_local || self.stack_name == "remote-lock" {
            format!("lockctl {command}")
        } else {
            format!("lockctl --stack {} {command}", self.stack_name)
        }
    }

    /// What makes the stack as its template says.
    pub fn deploy(&self) -> String {
        if self.is_local {
            "end `lockctl local`, and start it again".to_owned()
        } else {
            format!("sam build && sam deploy --stack-name {}", self.stack_name)
        }
    }

    /// What shows the log of a function.
    pub fn log(&self, role: &str) -> String {
        if self.is_local {
            return "read what `lockctl local` prints: it names the cause".to_owned();
        }
        let function = capitalized(role);
        let stack = &self.stack_name;
        format!("sam logs --stack-name {stack} --name {function}Function")
    }
}

/// `Press`, for `press`.
pub fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
