//! The checker: every state that a configuration can reach, and whether an invariant breaks in one. It must not know what
//! a step does.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::begin;
use crate::invariant::Invariant;
use crate::state::State;
use crate::step::{Step, World};

impl Model for World {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![begin::begin(&self.config, self.rules)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        actions.extend(self.steps(state));
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        self.apply(&mut state, step);
        if state.over && state.broken.is_empty() {
            // All good ends are one.
            let end = begin::begin(&self.config, self.rules);
            return Some(State { over: true, ..end });
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<World>> {
        macro_rules! always {
            ($($name:ident)*) => {
                vec![$(Property::always(stringify!($name), |_, state: &State| {
                    !state.broken.has(Invariant::$name)
                }),)*]
            };
        }
        always![S1 S2 S3 S4 S5 S6 S7 S8 L1 L2 L3 L4]
    }
}

/// What the checker found.
#[derive(Debug)]
pub struct Found {
    /// Different states.
    pub states: usize,
    /// Steps of the longest shortest way.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// The first way that breaks something: the invariant, and the steps.
    pub broken: Option<(Invariant, Vec<Step>)>,
}

/// Looks at every state that `world` can reach, until something breaks.
pub fn check(world: &World) -> Found {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let started = Instant::now();
    let checker = world
        .clone()
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::Any)
        .spawn_bfs()
        .join();
    found(&checker, Invariant::EVERY, started)
}

/// Looks for the shortest way to break `wanted`, and stops there.
pub fn shortest(world: &World, wanted: Invariant) -> Found {
    let started = Instant::now();
    for depth in 2.. {
        let name = std::iter::once(wanted.name()).collect();
        let checker = world
            .clone()
            .checker()
            .target_max_depth(depth)
            .finish_when(HasDiscoveries::AnyOf(name))
            .spawn_bfs()
            .join();
        let found = found(&checker, &[wanted], started);
        if found.broken.is_some() || checker.max_depth() < depth {
            return found;
        }
    }
    unreachable!("a bounded world has a longest way");
}

fn found(checker: &impl Checker<World>, wanted: &[Invariant], started: Instant) -> Found {
    let mut discoveries = checker.discoveries();
    let broken = wanted.iter().find_map(|invariant| {
        let path = discoveries.remove(invariant.name())?;
        Some((*invariant, path.into_actions()))
    });
    Found {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: started.elapsed(),
        broken,
    }
}
