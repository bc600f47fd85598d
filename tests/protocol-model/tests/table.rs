//! The tables hold: every configuration, every rule. They must not be read by eye alone.

use std::collections::BTreeSet;

use protocol_model::invariant::Invariant;
use protocol_model::rule::Rule;
use protocol_model::table;

#[test]
fn the_rules_hold_in_every_configuration() {
    println!("{}", table::heading());
    let mut states = 0;
    for row in table::hold(false, None) {
        println!("{row}");
        assert!(row.found.broken.is_none(), "{}", row.name);
        states += row.found.states;
    }
    assert!(
        states > 500_000,
        "the configurations have become small: {states} states"
    );
}

#[test]
fn without_any_one_rule_its_invariant_breaks() {
    let mut rules = BTreeSet::new();
    let mut invariants = Vec::new();
    for row in table::weaken(None) {
        println!("{row}");
        let broken = row.found.broken.as_ref().map(|(invariant, _)| *invariant);
        assert_eq!(broken, Some(row.rule.breaks()), "without {:?}", row.rule);
        assert!(!row.words.is_empty(), "{:?}", row.rule);
        rules.insert(row.rule.number());
        invariants.push(row.rule.breaks());
    }
    assert!(Rule::EVERY.len() >= 15 && rules.len() >= 15, "{rules:?}");
    for invariant in Invariant::EVERY {
        assert!(
            invariants.contains(invariant),
            "nothing shows that {invariant} is watched"
        );
    }
}
