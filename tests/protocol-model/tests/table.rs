//! Every configuration holds, and every rule is needed.

use std::collections::BTreeSet;

use protocol_model::invariant::Invariant;
use protocol_model::rule::Rule;
use protocol_model::table;

#[test]
fn the_rules_hold_in_every_configuration() {
    println!("{}", table::heading());
    let mut states = 0;
    for row in table::check_configurations(false, None) {
        println!("{row}");
        assert!(row.result.broken.is_none(), "{}", row.name);
        states += row.result.states;
    }
    assert!(states > 500_000, "too few states explored: {states}");
}

#[test]
fn without_any_one_rule_its_invariant_breaks() {
    let mut rules = BTreeSet::new();
    let mut invariants = Vec::new();
    for row in table::check_rules(None) {
        println!("{row}");
        assert!(row.is_shown(), "{:?} breaks nothing it protects", row.rule);
        assert!(!row.steps.is_empty(), "{:?}", row.rule);
        rules.insert(row.rule.number());
        invariants.push(row.rule.breaks());
    }
    assert!(Rule::ALL.len() >= 15 && rules.len() >= 15, "{rules:?}");
    for invariant in Invariant::ALL {
        assert!(
            invariants.contains(invariant),
            "no removed rule breaks {invariant}"
        );
    }
}
