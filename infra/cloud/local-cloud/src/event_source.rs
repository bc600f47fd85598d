//! Lambda's event sources: hands the messages of a queue, or the records of a table's stream, to a
//! function in batches.
//!
//! Must not know: what a message or a record says. Source: AWS Lambda developer guide, "Invoking
//! Lambda with events from other AWS services".

mod age;
mod ahead;
mod answer;
mod back_off;
mod discard;
mod filter;
mod position;
mod queue;
mod record;
mod stream;
mod work;

use std::sync::Arc;

use crate::clock::Clock;
use crate::dynamodb::Streams;
use crate::event::EventBus;
use crate::fault::Faults;
use crate::queue::Queues;
use filter::{Filters, PatternError};
use lambda_host::{FunctionError, Functions, Outcome, SYNC_PAYLOAD_BYTES_MAX};
pub use position::Positions;
use sam_template::{EventSource, Queue, SourceKind, StartingPosition, Template};
use stream::Tap;

/// Weight of a batch: the payload limit of an invocation, less the rest of the event.
const BATCH_BYTES_MAX: usize = SYNC_PAYLOAD_BYTES_MAX - 1024;

/// Why an event source is refused.
#[derive(Debug, thiserror::Error)]
#[error("read filter {number} of event source {event_source}")]
pub struct SourceError {
    /// Logical id.
    pub event_source: String,
    /// Its number among the filters, from 1.
    number: usize,
    #[source]
    source: PatternError,
}

#[derive(Clone)]
pub struct Reader {
    pub queues: Queues,
    pub streams: Streams,
    pub positions: Positions,
    pub functions: Functions,
    pub faults: Arc<Faults>,
    pub events: EventBus,
    pub clock: Clock,
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
    Stream(Tap),
}

impl Joint {
    /// The source with what it reads; `None` if the template lacks that or the function.
    fn new(source: &EventSource, template: &Template) -> Result<Option<Self>, SourceError> {
        let filters = match &source.kind {
            SourceKind::Queue { .. } => Ok(Filters::default()),
            SourceKind::Stream(reading) => Filters::read(&reading.filters),
        };
        let filters = filters.map_err(|(number, error)| SourceError {
            event_source: source.logical_id.clone(),
            number,
            source: error,
        })?;
        Ok(Self::connect(source, filters, template))
    }

    fn connect(source: &EventSource, filters: Filters, template: &Template) -> Option<Self> {
        let mut functions = template.functions.iter();
        let target = source.function_arn.as_str();
        let function = functions.find(|f| f.qualifier_in(target).is_some())?;
        let names = [&function.name, &function.logical_id, &function.binary];
        let origin = match &source.kind {
            SourceKind::Queue { concurrency } => {
                let mut queues = template.queues.iter();
                Origin::Queue {
                    queue: queues.find(|q| q.arn == source.source_arn)?.clone(),
                    concurrency: *concurrency,
                }
            }
            SourceKind::Stream(reading) => {
                let is_it = |stream: &sam_template::Stream| stream.arn == source.source_arn;
                let mut tables = template.tables.iter();
                let table = tables.find(|table| table.stream.as_ref().is_some_and(is_it))?;
                Origin::Stream(Tap {
                    table: table.name.clone(),
                    filters,
                    reading: reading.clone(),
                })
            }
        };
        Some(Self {
            source: source.clone(),
            origin,
            names: names.map(Clone::clone),
        })
    }
}

/// The enabled event sources of a template.
///
/// # Errors
///
/// See [`SourceError`]; sources that are not enabled are checked as well.
pub fn joints(template: &Template) -> Result<Vec<Joint>, SourceError> {
    let sources = template.event_sources.iter();
    let joints = sources.map(|source| Joint::new(source, template));
    let joints = joints.collect::<Result<Vec<_>, _>>()?;
    let found = joints.into_iter().flatten();
    Ok(found.filter(|joint| joint.source.enabled).collect())
}

/// Notes where new sources of streams start, and forgets sources that the template lacks.
pub async fn set_positions(joints: &[Joint], template: &Template, reader: &Reader) {
    let positions = &reader.positions;
    positions.keep(&template.event_sources);
    for joint in joints {
        let Origin::Stream(tap) = &joint.origin else {
            continue;
        };
        if positions.has(&joint.source) {
            continue;
        }
        let after = match tap.reading.start {
            StartingPosition::TrimHorizon => None,
            StartingPosition::Latest => match reader.streams.newest(&tap.table).await {
                Ok(newest) => newest,
                Err(error) => {
                    // From the start: records may come that should not, but none is lost.
                    let error = crate::narrate::chain(&error);
                    tracing::error!(error, "find the end of a stream");
                    None
                }
            },
        };
        positions.begin(&joint.source, after);
    }
}

/// Hands over what a source has until it is dropped.
pub async fn run(joint: Joint, reader: Reader) {
    match joint.origin.clone() {
        Origin::Queue { queue, concurrency } => {
            queue::run(joint, queue, concurrency, reader).await;
        }
        Origin::Stream(tap) => stream::run(joint, tap, reader).await,
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
