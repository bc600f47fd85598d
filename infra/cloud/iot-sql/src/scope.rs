//! One evaluation of a statement: its input, what it has used so far, and why it must stop.
//!
//! Must not know: what an expression means.

use super::value::{Object, Value};
use super::{Call, EvaluateError, Input, Progress, Variables, Version, json};

/// Most bytes of all values of one evaluation together; far more than a 128 KiB message needs.
const WEIGHT_MAX: usize = 32 * 1024 * 1024;

/// The state of one pass over a statement.
pub(super) struct Scope<'s, 'i> {
    pub input: &'s Input<'i>,
    pub version: Version,
    progress: &'s mut Progress,
    /// The payload, or the current element of a nested SELECT.
    pub root: Option<Value>,
    /// The variables of SET so far; one that is Undefined is absent.
    variables: Object,
    /// Number of random numbers and answers of the progress used in this pass.
    draws: usize,
    calls: usize,
    weight_left: usize,
    /// Why the pass must stop early.
    stop: Option<Stop>,
}

/// Why a pass stops early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The answer of another service is needed first.
    Needs(Call),
    /// The statement fails.
    Fails(EvaluateError),
}

impl<'s, 'i> Scope<'s, 'i> {
    pub fn new(
        input: &'s Input<'i>,
        version: Version,
        needs_json: bool,
        progress: &'s mut Progress,
    ) -> Result<Self, EvaluateError> {
        let root = match json::read(input.payload) {
            Ok(payload) => Some(payload.in_version(version)),
            // An empty payload is not malformed: its keys are Undefined.
            Err(_) if !needs_json || input.payload.is_empty() => None,
            Err(message) => {
                return Err(EvaluateError::NotJson {
                    topic: input.topic.to_owned(),
                    message,
                });
            }
        };
        Ok(Scope {
            input,
            version,
            progress,
            root,
            variables: Object::new(),
            draws: 0,
            calls: 0,
            weight_left: WEIGHT_MAX,
            stop: None,
        })
    }

    /// Takes the variables of an earlier pass, and goes on after the random numbers and answers
    /// that they used. `false` in the first pass.
    pub fn recall_variables(&mut self) -> bool {
        let Some(set) = &self.progress.variables else {
            return false;
        };
        self.variables = set.values.clone();
        (self.draws, self.calls) = (set.draws, set.calls);
        true
    }

    pub fn set_variable(&mut self, name: &str, value: Value) {
        self.variables.insert(name.to_owned(), value);
    }

    /// Keeps the variables for later passes, unless this one stops.
    pub fn keep_variables(&mut self) {
        if !self.is_stopped() {
            self.progress.variables = Some(Variables {
                values: self.variables.clone(),
                draws: self.draws,
                calls: self.calls,
            });
        }
    }

    /// The value of a variable.
    pub fn variable(&self, name: &str) -> Option<Value> {
        self.variables.get(name).cloned()
    }

    pub fn take_stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Stops the pass; the first reason counts.
    pub fn fail(&mut self, error: EvaluateError) {
        self.stop.get_or_insert(Stop::Fails(error));
    }

    /// The next random number, the same in each pass.
    pub fn draw(&mut self) -> u128 {
        let index = self.draws;
        self.draws += 1;
        self.progress.draw(index)
    }

    /// The answer to a call. Without one the pass stops; it is repeated once the answer is there.
    pub fn ask(&mut self, call: Call) -> Option<Value> {
        if self.stop.is_some() {
            return None;
        }
        let answer = self.progress.answers.get(self.calls);
        self.calls += 1;
        match answer {
            Some(answer) => Some(answer.clone().in_version(self.version)),
            None => {
                self.stop = Some(Stop::Needs(call));
                None
            }
        }
    }

    /// Counts the bytes of `value`; the pass fails when all values together are too large.
    pub fn weigh(&mut self, value: Value) -> Option<Value> {
        let left = self.weight_left.checked_sub(value.weight());
        self.weight_left = left.unwrap_or_else(|| {
            self.fail(EvaluateError::TooMuch);
            0
        });
        left.map(|_| value)
    }
}
