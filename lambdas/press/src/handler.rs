//! Load, decide, perform: one press or request. Must not judge what it loads, nor know how it is stored.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use lock_aws::clock::Stopwatch;
use lock_aws::perform::{ANSWER_MS, log_decision, pass_over};
use lock_aws::serve::{Function, Invocation};
use lock_aws::{Cloud, Conflict, PerformError, Performed, Steps, StoreError};
use lock_core::binding::Binding;
use lock_core::field::{Fields, Refusal, parse_event};
use lock_core::limits::Limits;
use lock_core::name::ButtonSerial;
use lock_core::payload::open_payload;
use lock_core::press::Press;
use lock_core::reason::Verdict;
use lock_core::request::Request;
use lock_core::time::UnixMillis;
use lock_core::write::Writes;
use lock_core::{Decision, decide_press, decide_request};
use serde_json::Value;

/// The function's name in metrics.
const SERVICE: &str = "press";
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

/// What arrived.
enum Message {
    Press(Press),
    Request(Request),
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

    /// Handles one event of the press rule or the request rule, of which `event` is the text, within `deadline`.
    ///
    /// A message that cannot be read is refused: logged, written down, and done with.
    ///
    /// *Errors*: [`PerformError`], for what a later delivery may cure, which C4 and C7 make safe.
    pub async fn handle(&self, event: &str, deadline: UnixMillis) -> Result<(), PerformError> {
        let total = Stopwatch::start();
        let mut steps = Steps::default();
        let (event, message) = read(event);
        let decided = match message {
            Ok(message) => self.act(&message, deadline, &mut steps).await?,
            Err(refusal) => {
                let refused =
                    self.cloud
                        .refuse(SERVICE, &event, &refusal, &self.limits, &mut steps);
                refused.await?
            }
        };
        if let Some(decision) = decided {
            log_decision(&decision, &steps, &total);
        }
        self.cloud.note_limits(&self.limits, deadline).await;
        Ok(())
    }

    async fn act(
        &self,
        message: &Message,
        deadline: UnixMillis,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let deadline = deadline.minus(ANSWER_MS);
        let decide = Box::pin(self.decide_and_commit(message, steps));
        let decided = self.cloud.within(deadline, decide).await?;
        if let Some(decision) = &decided {
            self.cloud.publish(decision, deadline, steps).await?;
        }
        Ok(decided)
    }

    /// Decides until the writes hold, each time on what is then in the table (C3). None for a request to a lock that is not
    /// registered, of which nothing is written (C9).
    async fn decide_and_commit(
        &self,
        message: &Message,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let mut seen = false;
        let mut use_cache = true;
        while steps.may_decide() {
            let watch = Stopwatch::start();
            let (binding, cached) = self.binding(message, use_cache).await?;
            let Some(decision) = self.decide(message, binding.as_ref(), seen).await? else {
                if let Message::Request(request) = message {
                    pass_over(SERVICE, &request.lock);
                }
                return Ok(None);
            };
            steps.load_ms += watch.elapsed_ms();
            if cached && decision.verdict != Verdict::Command {
                // Only a commit checks the revision: whatever else an old binding says is asked again.
                use_cache = false;
                continue;
            }
            match self.cloud.commit(&decision, steps).await? {
                Performed::Done => {
                    self.note(binding, &decision.writes);
                    return Ok(Some(decision));
                }
                Performed::Again(conflict) => {
                    use_cache = false;
                    seen |= conflict == Some(Conflict::Request);
                }
            }
        }
        Err(std::mem::take(steps).exhausted())
    }

    async fn decide(
        &self,
        message: &Message,
        binding: Option<&Binding>,
        seen: bool,
    ) -> Result<Option<Decision>, PerformError> {
        let store = &self.cloud.store;
        Ok(match message {
            Message::Press(press) => {
                let record = match binding.and_then(|binding| binding.lock.as_ref()) {
                    Some(lock) => store.read_record(lock).await?,
                    None => None,
                };
                let now = self.cloud.clock.now();
                Some(decide_press(
                    record.as_ref(),
                    binding,
                    press,
                    now,
                    &self.limits,
                ))
            }
            Message::Request(request) => {
                let record = store.read_record(&request.lock).await?;
                decide_request(
                    record.as_ref(),
                    seen,
                    request,
                    self.cloud.clock.now(),
                    &self.limits,
                )
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
            Some(write) => write.apply(Some(&binding)),
            None => Some(binding),
        };
        let Some(binding) = binding else { return };
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
}

impl Function for Handler {
    type Answer = ();

    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, ()> {
        Box::pin(async move { Ok(self.handle(event, deadline).await?) })
    }
}

/// What an event says, beside as much of it as can be read at all, which tells whose it was.
fn read(text: &str) -> (Value, Result<Message, Refusal>) {
    let mut event = match parse_event(text) {
        Ok(event) => event,
        Err(refusal) => return (Value::Null, Err(refusal)),
    };
    let message = open_payload(&mut event).and_then(|()| message(&event));
    (event, message)
}

/// The press rule names a `button`, the request rule a `thing`.
fn message(event: &Value) -> Result<Message, Refusal> {
    let fields = Fields::of(event)?;
    match (fields.get("button"), fields.get("thing")) {
        (Some(_), None) => Press::parse(event).map(Message::Press),
        (None, Some(_)) => Request::parse(event).map(Message::Request),
        (Some(_), Some(_)) => Err(Refusal::Malformed("both button and thing")),
        (None, None) => Err(Refusal::Malformed("neither button nor thing")),
    }
}
