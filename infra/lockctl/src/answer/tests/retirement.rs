//! A button that was retired, in the list and in the answer of the command.

use super::*;

#[test]
fn a_retired_button_is_left_out_of_the_list_until_it_is_bound_again() {
    let retired = |binding: &Binding, after_ms: u64| {
        let register = Register {
            buttons: vec![button()],
            retired: [(button(), THEN.plus(after_ms))].into(),
            ..Register::default()
        };
        bind::list_answer(&register, std::slice::from_ref(binding))
    };
    let unbound = binding(None, true);
    let answer = retired(&unbound, 1);
    let left_out = "retired, and left out: button-1; `lockctl history BUTTON` still answers";
    assert_eq!(
        answer.lines,
        [
            "no buttons: `lockctl register button NAME` registers one",
            left_out
        ]
    );
    assert_eq!(answer.body["retired"][0], "button-1");
    assert!(answer.body["bindings"][0].is_null());
    // Bound, or unbound once more, after it was retired.
    let later = Binding {
        bound_at: Some(THEN.plus(2)),
        ..binding(None, true)
    };
    for binding in [&binding(Some("lock-1"), true), &later] {
        let answer = retired(binding, 1);
        assert!(
            answer.lines[0].starts_with("button-1 "),
            "{:?}",
            answer.lines
        );
        assert_eq!(answer.body["retired"], json!([]));
    }
    let lines = bind::retired_lines(&binding(Some("lock-1"), true), &nobody(), Some(&COMMAND));
    assert_eq!(
        lines[0],
        "button-1 no longer commands lock-1; `lockctl bindings` leaves it out"
    );
    assert!(lines[1].contains("lock command v8"), "{lines:?}");
}
