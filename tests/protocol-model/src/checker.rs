//! The checker: visits every state that a configuration can reach and reports a broken invariant.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::beginning;
use crate::invariant::Invariant;
use crate::state::State;
use crate::step::{Scenario, Step};

impl Model for Scenario {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![beginning::initial_state(&self.config, self.rules)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        actions.extend(self.possible_steps(state));
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        self.apply(&mut state, step);
        if state.over && state.broken.is_empty() {
            // Merge all good ends into one state.
            let end = beginning::initial_state(&self.config, self.rules);
            return Some(State { over: true, ..end });
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
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

#[derive(Debug)]
pub struct CheckResult {
    pub states: usize,
    /// Length of the longest of the shortest paths.
    pub depth: usize,
    pub took: Duration,
    /// The first path that breaks something: the invariant, and the steps.
    pub broken: Option<(Invariant, Vec<Step>)>,
}

/// Visits every state that `scenario` can reach, until an invariant breaks.
pub fn explore(scenario: &Scenario) -> CheckResult {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let started = Instant::now();
    let checker = scenario
        .clone()
        .checker()
        .threads(threads)
        .finish_when(HasDiscoveries::Any)
        .spawn_bfs()
        .join();
    check_result(&checker, Invariant::ALL, started)
}

/// Finds the shortest path that breaks `wanted`.
pub fn find_shortest_break(scenario: &Scenario, wanted: Invariant) -> CheckResult {
    let started = Instant::now();
    for depth in 2.. {
        let name = std::iter::once(wanted.name()).collect();
        let checker = scenario
            .clone()
            .checker()
            .target_max_depth(depth)
            .finish_when(HasDiscoveries::AnyOf(name))
            .spawn_bfs()
            .join();
        let found = check_result(&checker, &[wanted], started);
        if found.broken.is_some() || checker.max_depth() < depth {
            return found;
        }
    }
    unreachable!("a bounded scenario has a longest path");
}

fn check_result(
    checker: &impl Checker<Scenario>,
    wanted: &[Invariant],
    started: Instant,
) -> CheckResult {
    let mut discoveries = checker.discoveries();
    let broken = wanted.iter().find_map(|invariant| {
        let path = discoveries.remove(invariant.name())?;
        Some((*invariant, path.into_actions()))
    });
    CheckResult {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: started.elapsed(),
        broken,
    }
}
