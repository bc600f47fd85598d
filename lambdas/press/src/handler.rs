//! Load, decide, perform: one press or request. Must not know: how the table stores them.

use lock_aws::clock::Stopwatch;
use lock_aws::{Cloud, Conflict, MessageFunction, PerformError, Performed, Steps, StoreError};
use lock_core::binding::Binding;
use lock_core::field::{Fields, Refusal};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::payload::open_payload;
use lock_core::predict::is_checked;
use lock_core::press::Press;
use lock_core::record::Record;
use lock_core::request::Request;
use lock_core::write::Writes;
use lock_core::{Decision, decide_press, decide_request};
use serde_json::Value;

use crate::memory::Memory;

/// The press function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
    memory: Memory,
}

/// A message of the press rule or of the request rule.
#[derive(Debug)]
pub enum Message {
    /// A press, from an event with a `button`.
    Press(Press),
    /// A request, from an event with a `thing`.
    Request(Request),
}

/// What a decision is made on.
struct Loaded {
    record: Known<Record>,
    /// The binding of a press; a request has none.
    binding: Known<Binding>,
}

/// A record or a binding; `None` if there is none.
struct Known<T> {
    value: Option<T>,
    /// Whether it is from the table, not from the memory: then any verdict may be made on it.
    is_read: bool,
}

/// What an attempt need not load.
#[derive(Default)]
struct Given {
    /// Found by the transaction before, or read.
    record: Option<Known<Record>>,
    /// Found by the transaction before, or read.
    binding: Option<Known<Binding>>,
    /// Whether the rest is read, not recalled.
    must_read: bool,
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
        let mut given = Given::default();
        while steps.may_decide() {
            let watch = Stopwatch::start();
            let loaded = self.load(&message, given).await?;
            let Some(decision) = self.decide(&message, &loaded, has_acted) else {
                return Ok(None);
            };
            steps.load_ms += watch.elapsed_ms();
            if !loaded.is_read() && !is_checked(&decision) {
                given = loaded.only_read();
                continue;
            }
            match self.cloud.commit(&decision, steps).await? {
                Performed::Done => {
                    self.remember(&loaded, &decision.writes);
                    return Ok(Some(decision));
                }
                Performed::Again(conflict) => {
                    has_acted |= conflict == Some(Conflict::Request);
                    given = self.given_after(conflict, loaded);
                }
            }
        }
        Err(steps.exhausted())
    }
}

impl Handler {
    /// A handler with an empty memory.
    pub fn new(cloud: Cloud, limits: Limits) -> Self {
        Self {
            cloud,
            limits,
            memory: Memory::default(),
        }
    }

    async fn load(&self, message: &Message, given: Given) -> Result<Loaded, StoreError> {
        let recalls = !given.must_read;
        let binding = match (message, given.binding) {
            (Message::Request(_), _) => Known::read(None),
            (Message::Press(_), Some(binding)) => binding,
            (Message::Press(press), None) => self.load_binding(&press.button, recalls).await?,
        };
        let bound = binding.value.as_ref();
        let lock = match message {
            Message::Press(_) => bound.and_then(|binding| binding.lock.as_ref()),
            Message::Request(request) => Some(&request.lock),
        };
        let is_of_lock = |known: &Known<Record>| known.lock() == lock;
        let record = match (lock, given.record.filter(is_of_lock)) {
            (None, _) => Known::read(None),
            (Some(_), Some(record)) => record,
            (Some(lock), None) => self.load_record(lock, bound, recalls).await?,
        };
        Ok(Loaded { record, binding })
    }

    fn decide(&self, message: &Message, loaded: &Loaded, has_acted: bool) -> Option<Decision> {
        let (record, now) = (loaded.record.value.as_ref(), self.cloud.clock.now());
        match message {
            Message::Press(press) => {
                let binding = loaded.binding.value.as_ref();
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

    async fn load_binding(
        &self,
        button: &ButtonSerial,
        recalls: bool,
    ) -> Result<Known<Binding>, StoreError> {
        if recalls && let Some(binding) = self.memory.binding(button) {
            return Ok(Known::recalled(binding));
        }
        let binding = self.cloud.store.read_binding(button).await?;
        self.memory.keep_binding(button, binding.as_ref());
        Ok(Known::read(binding))
    }

    async fn load_record(
        &self,
        lock: &LockName,
        binding: Option<&Binding>,
        recalls: bool,
    ) -> Result<Known<Record>, StoreError> {
        if recalls && let Some(record) = self.memory.predict(lock, binding) {
            return Ok(Known::recalled(record));
        }
        let record = self.cloud.store.read_record(lock).await?;
        self.memory.keep_record(lock, record.as_ref());
        Ok(Known::read(record))
    }

    /// What the next attempt is given: the item that the transaction found, and what the attempt
    /// before had. After anything else, also if the item was absent, it reads.
    fn given_after(&self, conflict: Option<Conflict>, loaded: Loaded) -> Given {
        let Loaded { record, binding } = loaded;
        match conflict {
            Some(Conflict::Record(Some(found))) => {
                self.memory.keep_record(&found.lock, Some(&found));
                Given {
                    record: Some(Known::read(Some(*found))),
                    binding: Some(binding),
                    must_read: false,
                }
            }
            Some(Conflict::Binding(Some(found))) => {
                self.memory.keep_binding(&found.button, Some(&found));
                Given {
                    record: Some(record),
                    binding: Some(Known::read(Some(*found))),
                    must_read: false,
                }
            }
            _ => Given::nothing(),
        }
    }

    /// Keeps binding and record as the commit left them.
    fn remember(&self, loaded: &Loaded, writes: &Writes) {
        if let Some(write) = &writes.binding
            && let Some(binding) = write.apply(loaded.binding.value.as_ref())
        {
            self.memory.keep_binding(&binding.button, Some(&binding));
        }
        if let Some(write) = &writes.record
            && let Some(record) = write.apply(loaded.record.value.as_ref()).record()
        {
            self.memory.keep_record(&record.lock, Some(&record));
        }
    }
}

impl<T> Known<T> {
    fn read(value: Option<T>) -> Self {
        let is_read = true;
        Self { value, is_read }
    }

    fn recalled(value: T) -> Self {
        let (value, is_read) = (Some(value), false);
        Self { value, is_read }
    }
}

impl Known<Record> {
    fn lock(&self) -> Option<&LockName> {
        self.value.as_ref().map(|record| &record.lock)
    }
}

impl Loaded {
    fn is_read(&self) -> bool {
        self.record.is_read && self.binding.is_read
    }

    /// What was read of it. The rest is read next.
    fn only_read(self) -> Given {
        Given {
            record: Some(self.record).filter(|record| record.is_read),
            binding: Some(self.binding).filter(|binding| binding.is_read),
            must_read: true,
        }
    }
}

impl Given {
    /// All is read.
    fn nothing() -> Self {
        Self {
            must_read: true,
            ..Self::default()
        }
    }
}
