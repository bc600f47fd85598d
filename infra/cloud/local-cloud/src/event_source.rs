//! Lambda's event sources: hands the messages of a queue, or the records of a table's stream, to a
//! function in batches.
//!
//! Must not know: what a message or a record says. Source: AWS Lambda developer guide, "Invoking
//! Lambda with events from other AWS services".

mod answer;
mod queue;
mod record;

use std::sync::Arc;

use crate::fault::Faults;
use crate::queue::Queues;
use lambda_host::{FunctionError, Functions, Outcome, SYNC_PAYLOAD_BYTES_MAX};
use sam_template::{EventSource, Queue, SourceKind, Template};

/// Weight of a batch: the payload limit of an invocation, less the rest of the event.
const BATCH_BYTES_MAX: usize = SYNC_PAYLOAD_BYTES_MAX - 1024;

#[derive(Clone)]
pub struct Reader {
    pub queues: Queues,
    pub functions: Functions,
    pub faults: Arc<Faults>,
    pub region: String,
    /// Factor on the time that messages and records are gathered, and on the waits before retries.
    pub time_scale: f64,
}

/// An event source with what it reads and the function that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    pub source: EventSource,
    origin: Origin,
    /// The names of its function that faults may use.
    names: [String; 3],
}

/// What a source reads.
#[derive(Clone, Debug, PartialEq)]
enum Origin {
    Queue {
        queue: Queue,
        concurrency: Option<u64>,
    },
}

impl Joint {
    /// The source with what it reads; `None` if the template lacks that or the function.
    fn new(source: &EventSource, template: &Template) -> Option<Self> {
        let mut functions = template.functions.iter();
        let function = functions.find(|f| f.arn == source.function_arn)?;
        let names = [&function.name, &function.logical_id, &function.binary];
        let origin = match &source.kind {
            SourceKind::Queue { concurrency } => {
                let mut queues = template.queues.iter();
                Origin::Queue {
                    queue: queues.find(|q| q.arn == source.source_arn)?.clone(),
                    concurrency: *concurrency,
                }
            }
            SourceKind::Stream(_) => return None,
        };
        Some(Self {
            source: source.clone(),
            origin,
            names: names.map(Clone::clone),
        })
    }
}

/// The enabled event sources of a template.
pub fn joints(template: &Template) -> Vec<Joint> {
    let enabled = template.event_sources.iter().filter(|s| s.enabled);
    enabled
        .filter_map(|source| Joint::new(source, template))
        .collect()
}

/// Hands over what a source has until it is dropped.
pub async fn run(joint: Joint, reader: Reader) {
    match joint.origin.clone() {
        Origin::Queue { queue, concurrency } => {
            queue::run(joint, queue, concurrency, reader).await;
        }
    }
}

impl Reader {
    /// Invokes the function of a source; `None` if a fault drops the event.
    async fn deliver(&self, joint: &Joint, event: &[u8]) -> Option<Result<Outcome, FunctionError>> {
        let names: Vec<&str> = joint.names.iter().map(String::as_str).collect();
        let fate = self.faults.fate_of_event(&names);
        tokio::time::sleep(fate.delay).await;
        let function = &joint.source.function_arn;
        let mut outcome = None;
        for _ in 0..fate.copies {
            let invoked = self.functions.invoke(function, event.to_vec(), None).await;
            outcome = Some(invoked);
        }
        outcome
    }
}
