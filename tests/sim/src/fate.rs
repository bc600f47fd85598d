//! What goes wrong and how long things take: numbers that depend on the seed and on what is asked.
//!
//! Each kind of question has its own stream of numbers, so that a run without one fault asks the
//! others as before. That keeps a run alike while it is shrunk.

use std::collections::BTreeSet;

use crate::random::mix;

/// A kind of question, with a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// A message to a lock is lost, late or repeated.
    Down,
    /// A lock's report is lost or late.
    Up,
    /// The answer to a report is lost or late.
    Answer,
    /// A press is late or delivered again.
    Press,
    /// A function dies, waits, or loses an answer.
    Function,
    /// An event of a function is delivered twice, late, or never.
    Event,
    /// A delay without a fault.
    Delay,
    /// A device's random numbers.
    Device,
}

const STREAMS: usize = Stream::Device as usize + 1;

/// The answers of one run.
#[derive(Debug, Clone)]
pub struct Fate {
    seed: u64,
    asked: [u64; STREAMS],
    /// The only strikes that may happen; all of them if `None`.
    only: Option<BTreeSet<u64>>,
    /// The strikes that happened, in order.
    pub struck: Vec<u64>,
}

impl Fate {
    /// The fate of a seed, with all its strikes or only with these.
    pub fn new(seed: u64, only: Option<&[u64]>) -> Self {
        Self {
            seed: mix(seed ^ 0xfa7e),
            asked: [0; STREAMS],
            only: only.map(|only| only.iter().copied().collect()),
            struck: Vec::new(),
        }
    }

    /// The next number of a stream.
    fn next(&mut self, stream: Stream) -> (u64, u64) {
        let asked = &mut self.asked[stream as usize];
        *asked += 1;
        let id = (*asked << 4) | stream as u64;
        (mix(self.seed ^ mix(id)), id)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, stream: Stream, low: u64, high: u64) -> u64 {
        low + self.next(stream).0 % (high - low + 1)
    }

    /// Whether a fault strikes, in `per_mille` of 1,000 cases.
    pub fn strikes(&mut self, stream: Stream, per_mille: u64) -> bool {
        let (number, id) = self.next(stream);
        let hit =
            number % 1_000 < per_mille && self.only.as_ref().is_none_or(|only| only.contains(&id));
        if hit {
            self.struck.push(id);
        }
        hit
    }
}
