//! The fixed seeds decide on predicted records: many of these decisions hold, and many do not.

use sim::prediction::Predictions;
use sim::run::Recipe;

#[test]
fn many_predictions_come_true_and_many_do_not() {
    let mut all = Predictions::default();
    for seed in 0..20 {
        all += Recipe::of(seed).run(false).predictions;
    }
    assert!(all.committed >= 100, "{all:?}");
    assert!(all.missed >= 100, "{all:?}");
}
