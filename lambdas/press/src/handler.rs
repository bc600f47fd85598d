//! Load, decide, perform: one press or request. Must not know: how the table stores them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lock_aws::clock::Stopwatch;
use lock_aws::{Cloud, Conflict, MessageFunction, PerformError, Performed, Steps, StoreError};
use lock_core::binding::Binding;
use lock_core::field::{Fields, Refusal};
use lock_core::limits::Limits;
use lock_core::name::ButtonSerial;
use lock_core::payload::open_payload;
use lock_core::press::Press;
use lock_core::reason::Verdict;
use lock_core::record::Record;
use lock_core::request::Request;
use lock_core::write::Writes;
use lock_core::{Decision, decide_press, decide_request};
use serde_json::Value;

/// Maximum number of bindings cached in the process.
const CACHED_MAX: usize = 1_024;

/// The press function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
    /// Bindings as last read. A stale one is safe: every commit checks its revision (C3).
    cached: Mutex<HashMap<ButtonSerial, Binding>>,
}

/// A message of the press rule or of the request rule.
#[derive(Debug)]
pub enum Message {
    /// A press, from an event with a `button`.
    Press(Press),
    /// A request, from an event with a `thing`.
    Request(Request),
}

/// What a decision about a message needs.
struct Loaded {
    record: Option<Record>,
    /// The binding of a press; a request has none.
    binding: Option<Binding>,
    is_cached: bool,
}

impl MessageFunction for Handler {
    type Message = Message;

    const SERVICE: &'static str = "press";

    fn context(&self) -> (&Cloud, &Limits) {
        (&self.cloud, &self.limits)
    }

    fn read(event: &mut Value) -> Result<Message, Refusal> {
        open_payload(event)?;
        let fields = Fields::of(event)?;
        match (fields.get("button"), fields.get("thing")) {
            (Some(_), None) => Press::parse(event).map(Message::Press),
            (None, Some(_)) => Request::parse(event).map(Message::Request),
            (Some(_), Some(_)) => Err(Refusal::Malformed("both button and thing")),
            (None, None) => Err(Refusal::Malformed("neither button nor thing")),
        }
    }

    async fn decide_and_commit(
        &self,
        message: Message,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let mut has_acted = false;
        let mut use_cache = true;
        while steps.may_decide() {
            let watch = Stopwatch::start();
            let loaded = self.load(&message, use_cache).await?;
            let Some(decision) = self.decide(&message, &loaded, has_acted) else {
                return Ok(None);
            };
            steps.load_ms += watch.elapsed_ms();
            if loaded.is_cached && decision.verdict != Verdict::Command {
                // Only a commit checks the revision, so any other verdict needs a fresh binding.
                use_cache = false;
                continue;
            }
            match self.cloud.commit(&decision, steps).await? {
                Performed::Done => {
                    self.cache_binding(loaded.binding, &decision.writes);
                    return Ok(Some(decision));
                }
                Performed::Again(conflict) => {
                    use_cache = false;
                    has_acted |= conflict == Some(Conflict::Request);
                }
            }
        }
        Err(steps.exhausted())
    }
}

impl Handler {
    /// A handler with an empty cache of bindings.
    pub fn new(cloud: Cloud, limits: Limits) -> Self {
        Self {
            cloud,
            limits,
            cached: Mutex::default(),
        }
    }

    async fn load(&self, message: &Message, use_cache: bool) -> Result<Loaded, StoreError> {
        let (binding, is_cached) = match message {
            Message::Press(press) => self.load_binding(&press.button, use_cache).await?,
            Message::Request(_) => (None, false),
        };
        let lock = match message {
            Message::Press(_) => binding.as_ref().and_then(|binding| binding.lock.as_ref()),
            Message::Request(request) => Some(&request.lock),
        };
        let record = self.cloud.store.read_record(lock).await?;
        Ok(Loaded {
            record,
            binding,
            is_cached,
        })
    }

    fn decide(&self, message: &Message, loaded: &Loaded, has_acted: bool) -> Option<Decision> {
        let (record, now) = (loaded.record.as_ref(), self.cloud.clock.now());
        match message {
            Message::Press(press) => {
                let binding = loaded.binding.as_ref();
                Some(decide_press(record, binding, press, now, &self.limits))
            }
            Message::Request(request) => {
                let decision = decide_request(record, has_acted, request, now, &self.limits);
                if decision.is_none() {
                    self.cloud.pass_over(Self::SERVICE, &request.lock);
                }
                decision
            }
        }
    }

    /// The binding of a button, and whether it comes from the cache.
    async fn load_binding(
        &self,
        button: &ButtonSerial,
        use_cache: bool,
    ) -> Result<(Option<Binding>, bool), StoreError> {
        if use_cache && let Some(binding) = self.cache().get(button) {
            return Ok((Some(binding.clone()), true));
        }
        let binding = self.cloud.store.read_binding(button).await?;
        if binding.is_none() {
            self.cache().remove(button);
        }
        Ok((binding, false))
    }

    /// Caches the binding as the commit left it.
    fn cache_binding(&self, binding: Option<Binding>, writes: &Writes) {
        let binding = match &writes.binding {
            Some(write) => write.apply(binding.as_ref()),
            None => binding,
        };
        let Some(binding) = binding else { return };
        let mut cached = self.cache();
        if cached.len() >= CACHED_MAX {
            cached.clear();
        }
        cached.insert(binding.button.clone(), binding);
    }

    /// Ignores poison: a panic elsewhere leaves at worst a stale binding, which is safe.
    fn cache(&self) -> MutexGuard<'_, HashMap<ButtonSerial, Binding>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
