//! Runs a function whose event is a batch of records: read, let the function handle each record,
//! answer with those that failed. Must not know: what a record says, and where it comes from.
//!
//! Source: AWS Lambda developer guide, "Configuring partial batch response with DynamoDB and
//! Lambda", "Implementing partial batch responses".

use std::pin::Pin;
use std::process::ExitCode;

use lock_core::field::parse_event;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

use crate::perform::ANSWER_MS;
use crate::serve::{self, Failed, Function, Invocation};
use crate::settings::{Lookup, Settings, SettingsError};
use crate::start::{Cloud, Connections};

/// An event that is not a batch of the function's source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read batch: {problem}: only the event source of {source_name} may invoke this function")]
pub struct BatchError {
    /// What is missing.
    pub problem: &'static str,
    /// What invokes the function: `a queue`.
    pub source_name: &'static str,
}

impl BatchError {
    /// The stable code, the error's type for Lambda.
    pub fn code(&self) -> &'static str {
        "malformed"
    }
}

/// What happened to one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It is handled: the source may drop it.
    Done,
    /// It failed: the source delivers it again. The rest of the batch goes on.
    Failed,
    /// It failed, and the rest of the batch is not tried, so that the order is kept.
    FailedInOrder,
}

/// The handling of one record, boxed as [`Invocation`] is.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Handled> + Send + 'a>>;

/// A function that handles the records of a batch one after the other.
pub trait BatchFunction: Sync {
    /// What it reads from a record.
    type Record<'a>: Send + Sync;

    /// What invokes it, for an error: `a queue`.
    const SOURCE: &'static str;

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// What is missing, as `a record without a body`.
    fn read(record: &Value) -> Result<Self::Record<'_>, &'static str>;

    /// The record's identity in the answer.
    fn id<'a>(record: &'a Self::Record<'_>) -> &'a str;

    /// Handles an event that is not a batch, before `deadline`; `None` if it must be a batch.
    fn handle_other<'a>(
        &'a self,
        _event: &Value,
        _deadline: UnixMillis,
    ) -> Option<Invocation<'a, Value>> {
        None
    }

    /// Handles a record before `deadline`, and logs why it failed.
    fn handle_record<'a, 'r: 'a>(
        &'a self,
        record: &'a Self::Record<'r>,
        deadline: UnixMillis,
    ) -> Handling<'a>;
}

/// A [`BatchFunction`] as Lambda invokes it.
#[derive(Debug)]
pub struct Batch<F>(pub F);

impl<F: BatchFunction> Batch<F> {
    /// Handles one batch before `deadline`. The answer names the records that failed.
    ///
    /// # Errors
    ///
    /// [`BatchError`] for an event that is not a batch, as a whole: an answer about one half would
    /// lose the other.
    pub async fn handle(&self, event: &Value, deadline: UnixMillis) -> Result<Value, BatchError> {
        let deadline = deadline.minus(ANSWER_MS);
        let mut failed = Vec::new();
        for record in read::<F>(event)? {
            let handled = self.0.handle_record(&record, deadline).await;
            if handled != Handled::Done {
                failed.push(F::id(&record).to_owned());
            }
            if handled == Handled::FailedInOrder {
                break;
            }
        }
        Ok(answer(&failed))
    }
}

impl<F: BatchFunction> Function for Batch<F> {
    type Answer = Value;

    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, Value> {
        Box::pin(async move {
            let event =
                parse_event(event).map_err(|refusal| Failed::new(refusal.code(), &refusal))?;
            let other_until = deadline.minus(ANSWER_MS);
            if let Some(other) = self.0.handle_other(&event, other_until) {
                return other.await;
            }
            let answer = self.handle(&event, deadline).await;
            answer.map_err(|error| Failed::new(error.code(), &error))
        })
    }
}

/// As [`serve()`](crate::serve()), for a function whose events are batches. `read` reads its own
/// settings before any connection opens. It publishes to no device, and a reader may wait, so only
/// the table's connection opens at start-up.
pub fn serve_batch<F: BatchFunction, Own>(
    read: impl FnOnce(Lookup<'_>) -> Result<Own, SettingsError>,
    new: impl FnOnce(Cloud, &Settings, Own) -> F,
) -> ExitCode {
    serve::run(Connections::Table, read, |cloud, settings, own| {
        Batch(new(cloud, settings, own))
    })
}

/// The records of an event `{"Records":[…]}`, in its order.
fn read<F: BatchFunction>(event: &Value) -> Result<Vec<F::Record<'_>>, BatchError> {
    let error = |problem| BatchError {
        problem,
        source_name: F::SOURCE,
    };
    let records = event["Records"].as_array();
    let records = records.ok_or_else(|| error("no Records"))?;
    records
        .iter()
        .map(|one| F::read(one).map_err(error))
        .collect()
}

/// The answer that returns the failed records to their source. A queue drops all others; a stream
/// delivers the first of them again, and all after it.
fn answer(failed: &[String]) -> Value {
    let failures: Vec<Value> = failed
        .iter()
        .map(|id| json!({ "itemIdentifier": id }))
        .collect();
    json!({ "batchItemFailures": failures })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

    /// Handles a record as its word says, and notes it.
    #[derive(Default)]
    struct Script(Mutex<Vec<String>>);

    struct Line<'a> {
        id: &'a str,
        word: &'a str,
    }

    impl BatchFunction for Script {
        type Record<'a> = Line<'a>;
        const SOURCE: &'static str = "a script";

        fn read(record: &Value) -> Result<Line<'_>, &'static str> {
            Ok(Line {
                id: record["id"].as_str().ok_or("a record without an id")?,
                word: record["word"].as_str().unwrap_or_default(),
            })
        }

        fn id<'a>(record: &'a Line<'_>) -> &'a str {
            record.id
        }

        fn handle_other<'a>(
            &'a self,
            event: &Value,
            deadline: UnixMillis,
        ) -> Option<Invocation<'a, Value>> {
            let word = event["other"].clone();
            let until = json!(deadline);
            (!word.is_null()).then(|| -> Invocation<'a, Value> {
                Box::pin(async move { Ok(json!([word, until])) })
            })
        }

        fn handle_record<'a, 'r: 'a>(
            &'a self,
            record: &'a Line<'r>,
            deadline: UnixMillis,
        ) -> Handling<'a> {
            Box::pin(async move {
                assert_eq!(deadline, NOW.minus(ANSWER_MS), "time is left to answer");
                self.0.lock().unwrap().push(record.id.to_owned());
                match record.word {
                    "done" => Handled::Done,
                    "failed" => Handled::Failed,
                    _ => Handled::FailedInOrder,
                }
            })
        }
    }

    /// The records that are named, and those that were tried.
    async fn run(words: &[&str]) -> (Vec<String>, usize) {
        let records = words.iter().enumerate();
        let records = records.map(|(at, word)| json!({ "id": at.to_string(), "word": word }));
        let event = json!({ "Records": records.collect::<Vec<_>>() });
        let batch = Batch(Script::default());
        let answer = batch.handle(&event, NOW).await.unwrap();
        let failed = answer["batchItemFailures"].as_array().unwrap();
        let named = failed.iter().map(|one| one["itemIdentifier"].as_str());
        let named = named.map(|id| id.unwrap().to_owned()).collect();
        (named, batch.0.0.into_inner().unwrap().len())
    }

    #[tokio::test]
    async fn an_answer_names_the_failed_records_and_no_others() {
        let (none, fails, stops) = ("done", "failed", "stop");
        for (words, named, tried) in [
            (&[][..], &[][..], 0),
            (&[none, none], &[], 2),
            (&[none, fails, none, fails], &["1", "3"], 4),
            (&[fails, stops, none], &["0", "1"], 2),
        ] {
            let wanted: Vec<String> = named.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(run(words).await, (wanted, tried), "{words:?}");
        }
    }

    #[tokio::test]
    async fn an_event_that_is_not_a_batch_is_refused_as_a_whole() {
        for (event, problem) in [
            ("{}", "no Records"),
            (r#"{"Records": {}}"#, "no Records"),
            (r#"{"Records": [{"id": "1"}, 7]}"#, "a record without an id"),
        ] {
            let batch = Batch(Script::default());
            let failed = batch.invoke(event, NOW).await.unwrap_err();
            let wanted = format!(
                "read batch: {problem}: only the event source of a script may invoke this function"
            );
            assert_eq!((failed.code, failed.message), ("malformed", wanted));
            assert!(batch.0.0.lock().unwrap().is_empty(), "{event}");
        }
    }

    #[tokio::test]
    async fn an_event_of_another_kind_is_the_functions_and_leaves_time_to_answer() {
        let batch = Batch(Script::default());
        let answer = batch.invoke(r#"{"other": "kind"}"#, NOW).await.unwrap();
        assert_eq!(answer, json!(["kind", NOW.minus(ANSWER_MS)]));
    }

    #[tokio::test]
    async fn a_text_that_is_not_a_json_object_is_refused_with_its_code() {
        for text in ["{", "[]", "7"] {
            let batch = Batch(Script::default());
            let failed = batch.invoke(text, NOW).await.unwrap_err();
            assert_eq!(failed.code, "malformed", "{text}");
        }
    }
}
