//! Load, decide, perform: one press or request. Must not judge what it loads, nor know how it is stored.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lock_aws::clock::{self, Stopwatch};
use lock_aws::publisher::chain;
use lock_aws::{Cloud, Committed, Conflict, PublishError, StoreError};
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::field::{Fields, Refusal};
use lock_core::limits::{DECISIONS_MAX, Limits};
use lock_core::name::ButtonSerial;
use lock_core::press::Press;
use lock_core::reason::Verdict;
use lock_core::request::Request;
use lock_core::time::UnixMillis;
use lock_core::write::Writes;
use lock_core::{Decision, decide_press, decide_request};
use serde_json::Value;

/// Kept free at the end of an invocation, to answer in. *Units*: ms.
const ANSWER_MS: u64 = 500;
/// Wait after another transaction held an item; grows with each. *Units*: ms.
const BUSY_WAIT_MS: u64 = 20;
/// Bindings kept in the process.
const CACHED_MAX: usize = 1_024;

/// The press function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
    /// Bindings as last seen. Safe to be old: their revision is a condition of every commit (C3).
    cached: Mutex<HashMap<ButtonSerial, Binding>>,
}

/// Why an invocation failed; Lambda then delivers the event again, which C4 and C7 make safe.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The table did not answer, or answered something unreadable.
    #[error("{}", chain(.0))]
    Store(#[from] StoreError),
    /// The command is committed, and not published (C13).
    #[error("{}", chain(.0))]
    Publish(#[from] PublishError),
    /// Other writers were first each time.
    #[error("decided {DECISIONS_MAX} times, each time the record had changed meanwhile")]
    Contention,
}

/// The invocation's error for the Lambda service: the stable code, and the chain of causes.
impl From<HandlerError> for lambda_runtime::Diagnostic {
    fn from(error: HandlerError) -> lambda_runtime::Diagnostic {
        lambda_runtime::Diagnostic {
            error_type: error.code().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// What arrived.
enum Message {
    Press(Press),
    Request(Request),
}

/// Milliseconds spent in each step, and tries, for the log.
#[derive(Debug, Default)]
struct Steps {
    load_ms: f64,
    commit_ms: f64,
    publish_ms: f64,
    decisions: u32,
    publishes: u32,
}

impl Handler {
    /// A handler over `cloud`.
    pub fn new(cloud: Cloud, limits: Limits) -> Handler {
        Handler {
            cloud,
            limits,
            cached: Mutex::default(),
        }
    }

    /// Handles one event of the press rule or the request rule, within `deadline`.
    ///
    /// A message that cannot be read is refused: logged, written down, and done with.
    ///
    /// *Errors*: [`HandlerError`], for what a later delivery may cure.
    pub async fn handle(&self, event: &Value, deadline: UnixMillis) -> Result<(), HandlerError> {
        let total = Stopwatch::start();
        let mut steps = Steps::default();
        let outcome = match read(event) {
            Ok(message) => self.act(&message, deadline, &mut steps).await,
            Err(refusal) => self.refuse(event, &refusal).await,
        };
        match outcome {
            Ok(Some(decision)) => log_decision(&decision, &steps, &total),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    total_ms = total.elapsed_ms(),
                    "{error}"
                );
                return Err(error);
            }
        }
        Ok(())
    }

    async fn act(
        &self,
        message: &Message,
        deadline: UnixMillis,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, HandlerError> {
        let decision = self.decide_and_commit(message, steps).await?;
        if let Some(publish) = &decision.publish {
            let watch = Stopwatch::start();
            let deadline = deadline.minus(ANSWER_MS);
            let published = self
                .cloud
                .publisher
                .publish_command(publish, deadline)
                .await;
            steps.publish_ms = watch.elapsed_ms();
            if let Err(error) = &published {
                let (lock, version) = (publish.lock.as_str(), publish.command.version.0);
                tracing::error!(lock, version, alert = "not-published", "{}", chain(error));
            }
            steps.publishes = published?;
        }
        Ok(Some(decision))
    }

    /// Decides until the writes hold, each time on what is then in the table (C3).
    async fn decide_and_commit(
        &self,
        message: &Message,
        steps: &mut Steps,
    ) -> Result<Decision, HandlerError> {
        let mut seen = false;
        let mut use_cache = true;
        while steps.decisions < DECISIONS_MAX {
            let watch = Stopwatch::start();
            let (binding, cached) = self.binding(message, use_cache).await?;
            let decision = self.decide(message, binding.as_ref(), seen).await?;
            steps.load_ms += watch.elapsed_ms();
            if cached && decision.verdict != Verdict::Command {
                // Only a commit checks the revision: whatever else an old binding says is asked again.
                use_cache = false;
                continue;
            }
            steps.decisions += 1;
            let watch = Stopwatch::start();
            let committed = self.cloud.store.commit(&decision.writes).await?;
            steps.commit_ms += watch.elapsed_ms();
            match committed {
                Committed::Done => {
                    self.note(binding, &decision.writes);
                    return Ok(decision);
                }
                Committed::Conflict(conflict) => {
                    use_cache = false;
                    seen |= conflict == Conflict::Request;
                    tracing::debug!(?conflict, decisions = steps.decisions, "deciding again");
                    if conflict == Conflict::Busy {
                        let wait_ms = BUSY_WAIT_MS * u64::from(steps.decisions);
                        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                    }
                }
            }
        }
        Err(HandlerError::Contention)
    }

    async fn decide(
        &self,
        message: &Message,
        binding: Option<&Binding>,
        seen: bool,
    ) -> Result<Decision, HandlerError> {
        let store = &self.cloud.store;
        Ok(match message {
            Message::Press(press) => {
                let record = match binding {
                    Some(binding) => store.read_record(&binding.lock).await?,
                    None => None,
                };
                decide_press(record.as_ref(), binding, press, clock::now(), &self.limits)
            }
            Message::Request(request) => {
                let record = store.read_record(&request.lock).await?;
                decide_request(record.as_ref(), seen, request, clock::now(), &self.limits)
            }
        })
    }

    /// The binding of a press, and whether it comes from the process's cache. A request has none.
    async fn binding(
        &self,
        message: &Message,
        use_cache: bool,
    ) -> Result<(Option<Binding>, bool), StoreError> {
        let Message::Press(press) = message else {
            return Ok((None, false));
        };
        if use_cache && let Some(binding) = self.cache().get(&press.button) {
            return Ok((Some(binding.clone()), true));
        }
        let binding = self.cloud.store.read_binding(&press.button).await?;
        if binding.is_none() {
            self.cache().remove(&press.button);
        }
        Ok((binding, false))
    }

    /// Keeps the binding as the commit has left it.
    fn note(&self, binding: Option<Binding>, writes: &Writes) {
        let Some(binding) = binding else { return };
        let binding = match &writes.binding {
            Some(update) => update.apply(&binding),
            None => binding,
        };
        let mut cached = self.cache();
        if cached.len() >= CACHED_MAX {
            cached.clear();
        }
        cached.insert(binding.button.clone(), binding);
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<ButtonSerial, Binding>> {
        // A panic elsewhere leaves at worst an old binding, which is safe.
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a message that cannot be read, and writes it down where its sender is known.
    async fn refuse(
        &self,
        event: &Value,
        refusal: &Refusal,
    ) -> Result<Option<Decision>, HandlerError> {
        let Some(line) = Event::of_refusal(event, refusal, clock::now(), &self.limits) else {
            tracing::warn!(decision = "refused", reason = refusal.code(), "{refusal}");
            return Ok(None);
        };
        let decision = Decision::refused(line);
        self.cloud.store.commit(&decision.writes).await?;
        Ok(Some(decision))
    }
}

impl HandlerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            HandlerError::Store(_) => "store",
            HandlerError::Publish(_) => "publish",
            HandlerError::Contention => "contention",
        }
    }
}

/// The press rule names a `button`, the request rule a `thing`.
fn read(event: &Value) -> Result<Message, Refusal> {
    let fields = Fields::of(event)?;
    match (fields.get("button"), fields.get("thing")) {
        (Some(_), None) => Press::parse(event).map(Message::Press),
        (None, Some(_)) => Request::parse(event).map(Message::Request),
        (Some(_), Some(_)) => Err(Refusal::Malformed("both button and thing")),
        (None, None) => Err(Refusal::Malformed("neither button nor thing")),
    }
}

fn log_decision(decision: &Decision, steps: &Steps, total: &Stopwatch) {
    let event = &decision.writes.event;
    let lock = match &event.subject {
        Subject::Lock(lock) => Some(lock.as_str()),
        Subject::Button(_) => None,
    };
    let age_ms = clock::now().since(event.at);
    for alert in &decision.alerts {
        tracing::error!(alert = alert.code(), lock, "a person must look at this");
    }
    tracing::info!(
        button = event.button.as_ref().map(ButtonSerial::as_str),
        actor = event.actor,
        lock,
        version = event.version.map(|version| version.0),
        action = event.action.map(|action| action.as_str()),
        decision = decision.verdict.as_str(),
        reason = decision.reason.code(),
        sequence = event.sequence,
        age_ms,
        load_ms = steps.load_ms,
        commit_ms = steps.commit_ms,
        publish_ms = steps.publish_ms,
        total_ms = total.elapsed_ms(),
        decisions = steps.decisions,
        publishes = steps.publishes,
        "{event}"
    );
}
