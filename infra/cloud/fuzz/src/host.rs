//! The function host: which environments and reservations it accepts, and which log lines it keeps.
//!
//! An input holds the variables (`name=value` by line), the reserved concurrency, the log level and
//! a log line, separated by zero bytes. No process is started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use lambda_host::{
    Credentials, FunctionError, Functions, Notice, Surroundings, Tuning, Wiring, keeps_line,
};
use sam_template::{Context, Function, Template};
use serde_json::Value;

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: .}
";
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let mut parts = crate::parts(bytes, 4);
    let mut part = || String::from_utf8_lossy(parts.next().unwrap_or_default());
    let mut function = function();
    function.environment = part()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    function.reserved_concurrency = part().parse().ok();
    function.log_level = Some(part().into_owned());
    let line = part();
    accepts(&function);
    keeps(&mut function, &line);
}

fn function() -> Function {
    static FUNCTION: OnceLock<Function> = OnceLock::new();
    let read = || {
        let context = Context {
            stack_name: "fuzz".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            parameters: BTreeMap::new(),
            inert: [].into(),
        };
        let template = Template::parse("t.yaml", TEMPLATE, &context);
        template.expect("a valid template").functions.remove(0)
    };
    FUNCTION.get_or_init(read).clone()
}

/// The surroundings of functions that never run.
struct Nowhere;

impl Surroundings for Nowhere {
    fn observe(&self, _notice: Notice) {}

    fn credentials_of(&self, _function: &Function) -> Credentials {
        Credentials {
            access_key_id: "AKID".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: "token".to_owned(),
        }
    }

    fn now_ms(&self) -> u64 {
        1_772_366_400_000
    }
}

fn accepts(function: &Function) {
    let wiring = Wiring {
        binaries: BTreeMap::from([("Echo".to_owned(), PathBuf::from("/nowhere"))]),
        interpreters: BTreeMap::new(),
        layers: BTreeMap::new(),
        external: BTreeMap::new(),
        env: BTreeMap::new(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        surroundings: Arc::new(Nowhere),
        tuning: Tuning::default(),
    };
    let is_name = |name: &str| {
        let letters = name.strip_prefix(|c: char| c.is_ascii_alphabetic());
        letters.is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    };
    let environment = &function.environment;
    let bytes: usize = environment.iter().map(|(n, v)| n.len() + v.len()).sum();
    let is_fit = bytes <= 4096 && environment.keys().all(|name| is_name(name));
    // 100 of the account's 1,000 stay for functions that reserve none.
    let leaves_enough = function.reserved_concurrency.is_none_or(|n| n <= 900);
    match Functions::start(vec![function.clone()], wiring) {
        Ok(functions) => {
            assert!(is_fit && leaves_enough, "{environment:?}");
            assert!(!environment.contains_key("AWS_REGION"));
            assert!(functions.version_of("Echo").is_some());
            assert!(functions.version_of("Other").is_none());
        }
        Err(FunctionError::Variable { variable, .. }) => {
            assert!(
                environment.contains_key(&variable),
                "{variable} is not there"
            );
            let is_lambdas = variable.starts_with("AWS_") || variable.contains("LAMBDA_");
            assert!(is_lambdas || !is_fit, "{variable:?} of {environment:?}");
        }
        Err(FunctionError::Concurrency { .. }) => assert!(!leaves_enough),
        Err(error) => panic!("{error}"),
    }
}

/// A higher level never keeps more lines; text logs and what is not a JSON object are kept.
fn keeps(function: &mut Function, line: &str) {
    function.log_format = Some("Text".to_owned());
    assert!(keeps_line(function, line), "a text log is not filtered");
    function.log_format = Some("JSON".to_owned());
    keeps_line(function, line);
    let kept = LEVELS.map(|level| {
        function.log_level = Some(level.to_owned());
        keeps_line(function, line)
    });
    assert!(kept[0], "{line:?} at TRACE");
    assert!(
        kept.is_sorted_by(|lower, higher| lower >= higher),
        "{kept:?}: {line:?}"
    );
    if !serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()) {
        assert_eq!(kept, [true; 6], "{line:?} has no level");
    }
}
