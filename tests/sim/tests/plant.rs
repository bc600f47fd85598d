//! Each planted fault is found within its number of seeds, and breaks what it must break.

use sim::invariant::Invariant;
use sim::plant::{Plant, SEEDS};
use sim::run::Recipe;
use sim::shrink::shrink;

/// A run with a planted fault.
fn recipe(plant: Plant, seed: u64) -> Recipe {
    Recipe {
        plant: Some(plant),
        ..Recipe::of(seed)
    }
}

#[test]
fn each_planted_fault_is_found_within_its_number_of_seeds() {
    assert!(Plant::ALL.len() >= 15);
    let mut wrong = Vec::new();
    for plant in Plant::ALL {
        let found = (0..SEEDS).find_map(|seed| recipe(*plant, seed).run(false).broken);
        match found {
            Some((broken, _)) if plant.breaks().contains(&broken) => {}
            other => wrong.push(format!("{}: {other:?}", plant.word())),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_failing_run_is_shrunk_and_runs_again_exactly() {
    let fails = |recipe: &Recipe| recipe.run(false).broken.map(|(broken, _)| broken);
    let broken = Invariant::S1;
    let whole = (0..100).map(|seed| recipe(Plant::LifeFromCommit, seed));
    let whole = whole.into_iter().find(|whole| fails(whole) == Some(broken));
    let whole = whole.expect("one of these seeds finds it");
    let small = shrink(&whole, broken);
    let (first, again) = (small.run(true), small.run(true));
    assert_eq!(first, again);
    assert_eq!(first.broken.map(|(found, _)| found), Some(broken));
    let acts = whole.run(false).acts;
    assert!(
        first.acts <= 6 && first.acts < acts,
        "{} of {acts}",
        first.acts
    );
    let words = &first.trace.last().expect("it has a last line").1;
    assert!(words.starts_with("BROKEN S1"), "{words}");
    assert!(small.command().contains("--keep "), "{}", small.command());
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    assert_eq!(Recipe::of(7).run(true), Recipe::of(7).run(true));
    assert_ne!(Recipe::of(7).run(true).trace, Recipe::of(8).run(true).trace);
}
