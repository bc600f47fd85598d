//! One evaluation of a statement: its input, what it has used so far, and why it must stop.
//!
//! Must not know: expressions.

use super::value::Value;
use super::{Call, EvaluateError, Input, Progress, Version, json};

/// What all values of one evaluation may weigh together, bytes; far above anything a 128 KiB message needs.
const WEIGHT_MAX: usize = 32 * 1024 * 1024;

/// One message being evaluated.
pub(super) struct Scope<'s, 'i> {
    pub input: &'s Input<'i>,
    pub version: Version,
    progress: &'s mut Progress,
    /// The payload, or the element that a nested SELECT looks at.
    pub root: Option<Value>,
    /// How many random numbers and answers of the progress have been used in this pass.
    draws: usize,
    calls: usize,
    weight_left: usize,
    /// Why the pass cannot end.
    stop: Option<Stop>,
}

/// Why a pass over a statement ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something from outside must be asked first.
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
            Ok(payload) => Some(payload.seen_by(version)),
            // Nothing at all is not malformed: its keys are Undefined.
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
            draws: 0,
            calls: 0,
            weight_left: WEIGHT_MAX,
            stop: None,
        })
    }

    pub fn stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Ends the pass; the first reason counts.
    pub fn fail(&mut self, error: EvaluateError) {
        self.stop.get_or_insert(Stop::Fails(error));
    }

    /// A random number, the same at each pass over the same statement.
    pub fn draw(&mut self) -> u128 {
        let index = self.draws;
        self.draws += 1;
        self.progress.draw(index)
    }

    /// The answer to a call, or none and the pass ends, to be made again when there is one.
    pub fn ask(&mut self, call: Call) -> Option<Value> {
        if self.stop.is_some() {
            return None;
        }
        let answer = self.progress.answers.get(self.calls);
        self.calls += 1;
        match answer {
            Some(answer) => Some(answer.clone().seen_by(self.version)),
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
