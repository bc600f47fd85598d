//! Reads from a function's answer which messages or records of a batch it completed.
//!
//! Must not know: queues, streams. Source: AWS Lambda developer guide, "Implementing partial batch
//! responses".

use serde_json::Value;

use lambda_host::Outcome;

/// Which messages or records of a batch were completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchResult {
    All,
    /// All but these, by their ids or sequence numbers.
    AllBut(Vec<String>),
    /// None, with a reason unless the function reported the failure itself.
    Nothing(Option<String>),
}

impl BatchResult {
    pub fn contains(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(failed) => failed.iter().all(|other| other != id),
            Self::Nothing(_) => false,
        }
    }

    /// Number of records before the first that was not completed.
    pub fn completed_of(&self, ids: &[&str]) -> usize {
        let first = ids.iter().position(|id| !self.contains(id));
        first.unwrap_or(ids.len())
    }
}

/// Reads the outcome of an invocation with the messages or records `ids`.
pub fn read(outcome: &Outcome, ids: &[&str], reports_item_failures: bool) -> BatchResult {
    let bytes = match outcome {
        Outcome::Failure(_) => return BatchResult::Nothing(None),
        Outcome::Success(_) if !reports_item_failures => return BatchResult::All,
        Outcome::Success(bytes) => bytes,
    };
    let malformed = |what: &str| BatchResult::Nothing(Some(format!("batch response: {what}")));
    let answer = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Null) => return BatchResult::All,
        Ok(Value::Object(answer)) => answer,
        Ok(_) => return malformed("not an object"),
        Err(_) => return malformed("not JSON"),
    };
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return BatchResult::All,
        Some(Value::Array(failures)) => failures,
        Some(_) => return malformed("batchItemFailures is not a list"),
    };
    let mut failed = Vec::new();
    for failure in failures {
        let Some(id) = failure.get("itemIdentifier").and_then(Value::as_str) else {
            return malformed("an itemIdentifier is missing or not a string");
        };
        if !ids.contains(&id) {
            return malformed("an itemIdentifier is not of the batch");
        }
        failed.push(id.to_owned());
    }
    if failed.is_empty() {
        BatchResult::All
    } else {
        BatchResult::AllBut(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_host::Failure;

    // AWS same(queue): a batch response with failures returns only those; an empty or null one is a
    //     success; one that is not JSON, or has an empty, null, unknown or missing itemIdentifier,
    //     returns the whole batch
    #[test]
    fn an_answer_says_which_messages_were_completed() {
        let all = "all";
        let none = "none";
        let rows = [
            // (answer, messages completed if failures are reported)
            ("{}", all),
            ("null", all),
            (r#"{"batchItemFailures":null}"#, all),
            (r#"{"batchItemFailures":[]}"#, all),
            (r#"{"other":1}"#, all),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, "a"),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}"#,
                none,
            ),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, none),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, none),
            (r#"{"batchItemFailures":[{"itemIdentifier":7}]}"#, none),
            (r#"{"batchItemFailures":[{"itemIdentifier":"c"}]}"#, none),
            (r#"{"batchItemFailures":[{"item":"b"}]}"#, none),
            (r#"{"batchItemFailures":"b"}"#, none),
            ("[]", none),
            ("\"ok\"", none),
            ("not json", none),
            ("", none),
        ];
        for (answer, expected) in rows {
            let outcome = Outcome::Success(answer.as_bytes().to_vec());
            let done = read(&outcome, &["a", "b"], true);
            let expected = match expected {
                "all" => (true, true),
                "none" => (false, false),
                _ => (true, false),
            };
            assert_eq!(
                (done.contains("a"), done.contains("b")),
                expected,
                "{answer}"
            );
            // Without the setting the answer does not matter.
            assert_eq!(
                read(&outcome, &["a", "b"], false),
                BatchResult::All,
                "{answer}"
            );
        }
    }

    // AWS same(stream): a batch response is read as that of a queue, and the lowest sequence number
    //     in it counts
    #[test]
    fn the_first_failure_counts_for_a_stream() {
        let all_but = |ids: &[&str]| {
            let failed = ids.iter().map(|id| (*id).to_owned());
            BatchResult::AllBut(failed.collect())
        };
        let ids = ["1", "2", "3"];
        for (done, expected) in [
            (BatchResult::All, 3),
            (all_but(&["3", "2"]), 1),
            (all_but(&["1"]), 0),
            (BatchResult::Nothing(None), 0),
        ] {
            assert_eq!(done.completed_of(&ids), expected, "{done:?}");
        }
    }

    // AWS same(queue): a function that fails returns the whole batch
    #[test]
    fn a_failure_returns_the_whole_batch() {
        let failure = Failure {
            error_type: "E".to_owned(),
            message: String::new(),
            payload: Value::Null,
        };
        for reports in [true, false] {
            let outcome = Outcome::Failure(failure.clone());
            assert_eq!(read(&outcome, &["a"], reports), BatchResult::Nothing(None));
        }
    }
}
