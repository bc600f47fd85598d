//! Looks at everything that `lockctl doctor` judges. Changes nothing.
//!
//! Must not know: what is right or wrong.

use lock_aws::Registry;
use lock_aws::clock::Clock;
use lock_aws::registry::{Depth, Stack, Thing};
use lock_core::time::UnixMillis;

use super::device::attached;
use super::entry::{self, Listed};
use super::evidence::{CertificatePolicies, Device, Evidence, Function, Rule, Seen, Unseen};
use crate::register::kind::Kind;
use crate::target::Target;

/// The functions: their part, and the output that names them.
const FUNCTIONS: [(&str, &str); 6] = [
    ("press", "PressFunctionName"),
    ("report", "ReportFunctionName"),
    ("sweep", "SweepFunctionName"),
    ("failure", "FailureFunctionName"),
    ("announce", "AnnounceFunctionName"),
    ("show", "ShowFunctionName"),
];
/// The rules: their part, the output that names them, and the function that they invoke.
const RULES: [(&str, &str, &str); 5] = [
    ("button", "ButtonRuleName", "press"),
    ("request", "RequestRuleName", "press"),
    ("lock-only", "LockOnlyRuleName", "press"),
    ("ask", "AskRuleName", "show"),
    ("report", "ReportRuleName", "report"),
];
/// How far back runs are counted.
const RUNS_MS: u64 = 15 * 60_000;
/// How long a message may be in the failure queue, in ms: it is read at once.
const READ_FAILURE_MS: u64 = 3_000;

/// Looks at the stack, and at these devices; at all that are registered if none is named.
pub async fn gather(target: &Target, name: Option<&str>, accepted: &[String]) -> Evidence {
    let registry = target.registry();
    let stack = registry.find_stack(&target.stack).await;
    let stack = stack.map_err(Unseen::from);
    let endpoint = registry.find_endpoint().await.map_err(Unseen::from);
    let described = target.cloud.store.describe().await.map_err(Unseen::from);
    let now = match &described {
        Ok(table) => table.clock.now(),
        Err(_) => target.now(),
    };
    let store = &target.cloud.store;
    let functions = functions(&registry, &stack, now).await;
    let rules = rules(&registry, &stack, &functions, &target.stack).await;
    let (listed, names) = entry::list(target, name).await;
    let prefix = format!("{}-", target.stack);
    Evidence {
        now,
        region: target.region().to_owned(),
        stack_name: target.stack.clone(),
        is_local: target.is_local(),
        endpoint,
        table: described.map(|table| table.account),
        limits: store.read_limits().await.map_err(Unseen::from),
        functions,
        rules,
        listed: registry.list_rules().await.map_err(Unseen::from),
        accepted: accepted.to_vec(),
        devices: devices(&registry, &stack, listed).await,
        names,
        failure_queue: failures(&registry, &stack, &target.cloud.clock).await,
        poison_queue: depth(&registry, &stack, "PoisonQueueUrl").await,
        alarms: registry.list_alarms_on(&prefix).await.map_err(Unseen::from),
        stack,
    }
}

/// An output of the stack, or why it is not known.
fn output(stack: &Seen<Option<Stack>>, name: &str) -> Seen<String> {
    let stack = stack.as_ref().map_err(Clone::clone)?.as_ref();
    let found = stack.and_then(|stack| stack.outputs.get(name)).cloned();
    found.ok_or_else(|| Unseen::without(&format!("the stack has no output {name}")))
}

async fn functions(
    registry: &Registry,
    stack: &Seen<Option<Stack>>,
    now: UnixMillis,
) -> Vec<Function> {
    let named = FUNCTIONS.map(|(role, name)| (role, output(stack, name)));
    let known: Vec<String> = named
        .iter()
        .filter_map(|(_, name)| name.clone().ok())
        .collect();
    let runs = registry.count_runs(&known, now.minus(RUNS_MS), now).await;
    let runs = runs.map_err(Unseen::from);
    let mut functions = Vec::new();
    for (role, name) in named {
        let (state, runs) = match &name {
            Ok(name) => {
                let at = known.iter().position(|known| known == name);
                let own = runs.clone().map(|all| {
                    let own = at.and_then(|at| all.get(at).copied());
                    own.unwrap_or_default()
                });
                let state = registry.find_function(name).await;
                (state.map_err(Unseen::from), own)
            }
            Err(unseen) => (Err(unseen.clone()), Err(unseen.clone())),
        };
        functions.push(Function {
            role,
            name,
            state,
            runs,
        });
    }
    functions
}

async fn rules(
    registry: &Registry,
    stack: &Seen<Option<Stack>>,
    functions: &[Function],
    stack_name: &str,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (role, name, function) in RULES {
        let default = || format!("{}_{role}", stack_name.replace('-', "_"));
        let name = output(stack, name).unwrap_or_else(|_| default());
        let invoked = functions.iter().find(|found| found.role == function);
        let policy = match invoked.map(|found| &found.name) {
            Some(Ok(function)) => {
                let policy = registry.find_invoke_policy(function).await;
                policy.map_err(Unseen::from)
            }
            Some(Err(unseen)) => Err(unseen.clone()),
            None => Err(Unseen::without("its function is not known")),
        };
        let found = registry.find_trigger(&name).await.map_err(Unseen::from);
        rules.push(Rule {
            role,
            name,
            function,
            found,
            policy,
        });
    }
    rules
}

async fn depth(registry: &Registry, stack: &Seen<Option<Stack>>, name: &str) -> Seen<Depth> {
    let url = output(stack, name)?;
    registry.measure_queue(&url).await.map_err(Unseen::from)
}

/// The failure queue. A message that has just arrived gets some time to be read.
async fn failures(registry: &Registry, stack: &Seen<Option<Stack>>, clock: &Clock) -> Seen<Depth> {
    let first = depth(registry, stack, "FailureQueueUrl").await?;
    if first.total() == 0 {
        return Ok(first);
    }
    clock.wait(READ_FAILURE_MS).await;
    depth(registry, stack, "FailureQueueUrl").await
}

async fn devices(
    registry: &Registry,
    stack: &Seen<Option<Stack>>,
    listed: Vec<Listed>,
) -> Vec<Device> {
    let genuine = output(stack, "AwsIotButtonPolicyName").ok();
    let button = output(stack, "ButtonPolicyName").ok();
    let mut devices = Vec::new();
    for Listed { name, kind, entry } in listed {
        let thing = registry.find_thing(&name).await.map_err(Unseen::from);
        let has = |policy: &Option<String>| {
            let all = thing.as_ref().ok().and_then(Option::as_ref);
            let mut policies = all
                .into_iter()
                .flat_map(attached)
                .flat_map(|certificate| &certificate.policies);
            policy.is_some() && policies.any(|name| Some(name) == policy.as_ref())
        };
        let kind = match kind {
            Some(Kind::Lock) => Kind::Lock,
            _ if has(&genuine) => Kind::GenuineButton,
            Some(kind) => kind,
            // Not registered: its policy shows what it is.
            None if has(&button) => Kind::Button,
            None => Kind::Lock,
        };
        let connection = registry.find_connection(&name).await;
        devices.push(Device {
            policies: match &thing {
                Ok(Some(thing)) => policies(registry, thing).await,
                _ => Vec::new(),
            },
            connection: connection.map_err(Unseen::from),
            name,
            kind,
            entry,
            thing,
        });
    }
    devices
}

/// The policies of the active certificates of a thing.
async fn policies(registry: &Registry, thing: &Thing) -> Vec<CertificatePolicies> {
    let mut all = Vec::new();
    for certificate in attached(thing).filter(|certificate| certificate.is_active) {
        let mut policies = Ok(Vec::new());
        for name in &certificate.policies {
            match (registry.find_policy(name).await, &mut policies) {
                (Ok(found), Ok(policies)) => policies.extend(found),
                (Err(error), policies @ Ok(_)) => *policies = Err(Unseen::from(error)),
                (_, Err(_)) => {}
            }
        }
        all.push(CertificatePolicies {
            arn: certificate.arn.clone(),
            policies,
        });
    }
    all
}
