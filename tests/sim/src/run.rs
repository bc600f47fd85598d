//! One run: a seed, and what is left out of it.

use crate::fate::Fate;
use crate::invariant::Invariant;
use crate::plan::Plan;
use crate::plant::Plant;
use crate::prediction::Predictions;
use crate::world::{START, World};

/// What a run is made of.
#[derive(Debug, Clone, Default)]
pub struct Recipe {
    /// Decides everything.
    pub seed: u64,
    /// Days before the faults stop.
    pub days: u64,
    /// The planted fault.
    pub plant: Option<Plant>,
    /// The lines of the plan that happen; all of them if `None`.
    pub keep: Option<Vec<usize>>,
    /// The strikes that happen; all of them if `None`.
    pub strikes: Option<Vec<u64>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The invariant that broke, and why.
    pub broken: Option<(Invariant, String)>,
    /// The run in words, if wanted: ms since its beginning, and what happened.
    pub trace: Vec<(u64, String)>,
    /// Number of lines in the plan that happened.
    pub acts: usize,
    /// The strikes that happened.
    pub struck: Vec<u64>,
    /// How many decisions were made on predictions.
    pub predictions: Predictions,
    /// Number of events.
    pub events: u64,
    /// Simulated time in ms.
    pub lasted: u64,
}

impl Recipe {
    /// The run of a seed for two days, whole.
    pub fn of(seed: u64) -> Self {
        Self {
            seed,
            days: 2,
            ..Self::default()
        }
    }

    /// Runs it.
    pub fn run(&self, traced: bool) -> Outcome {
        let mut plan = Plan::new(self.seed, self.days);
        if let Some(keep) = &self.keep {
            plan = plan.keep(keep);
        }
        if self.plant == Some(Plant::SlowQuartz) {
            for lock in &mut plan.house.locks {
                lock.drift_ppm = -60_000;
            }
        }
        let acts = plan.acts.len();
        let fate = Fate::new(self.seed, self.strikes.as_deref());
        let mut world = World::new(plan, fate, self.plant, traced);
        world.run();
        let trace = world.trace.take().unwrap_or_default();
        Outcome {
            broken: world.watch.broken,
            trace: trace
                .into_iter()
                .map(|(at, line)| (at - START, line))
                .collect(),
            acts,
            struck: world.fate.struck,
            predictions: world.predictions,
            events: world.events,
            lasted: world.now - START,
        }
    }

    /// The command that runs exactly this.
    pub fn command(&self) -> String {
        let mut line = format!("cargo xtask sim --seed {} --days {}", self.seed, self.days);
        if let Some(plant) = self.plant {
            line += &format!(" --plant {}", plant.word());
        }
        if let Some(keep) = &self.keep {
            line += &format!(" --keep {}", join(keep));
        }
        if let Some(strikes) = &self.strikes {
            line += &format!(" --strikes {}", join(strikes));
        }
        line
    }
}

fn join<T: ToString>(numbers: &[T]) -> String {
    if numbers.is_empty() {
        return "none".into();
    }
    let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    words.join(",")
}
