//! The forms in which faults are written, one for each kind, with an explanation and an example.
//!
//! Must not know: how a form is parsed.

/// Column of the explanations in the help.
const COLUMN: usize = 40;

/// How one kind of fault is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// `drop:<topic filter>@<when>`.
    pub form: &'static str,
    /// What the fault does, in lines.
    what: &'static [&'static str],
    /// One that can be parsed.
    pub example: &'static str,
}

impl Form {
    /// The name of the kind: `drop`.
    pub fn name(&self) -> &'static str {
        self.form.split(':').next().unwrap_or_default()
    }

    /// What the fault does.
    pub fn what(&self) -> String {
        self.what.join(" ")
    }

    /// Whether it strikes a device.
    pub fn is_of_device(&self) -> bool {
        self.form.contains("<device>")
    }
}

/// Every form.
pub const FORMS: &[Form] = &[
    Form {
        form: "drop:<topic filter>@<when>",
        what: &["messages are lost in the broker"],
        example: "drop:door/+@5%",
    },
    Form {
        form: "duplicate:<topic filter>@<when>",
        what: &["messages arrive twice"],
        example: "duplicate:door/#@2",
    },
    Form {
        form: "delay:<topic filter>@<when>+<time>",
        what: &["messages arrive later, after newer ones"],
        example: "delay:door/1@1-3+200ms",
    },
    Form {
        form: "reorder:<topic filter>@<when>[+<time>]",
        what: &[
            "a message swaps places with the next one on its topic;",
            "if none follows within <time> (1s), it is delivered alone",
        ],
        example: "reorder:door/+@10%",
    },
    Form {
        form: "kill:<function>.<step>@<when>",
        what: &[
            "the function's process is killed (kill -9) at a step:",
            "before-read, before-commit, after-commit, before-publish",
            "or after-publish",
        ],
        example: "kill:save.after-commit@1",
    },
    Form {
        form: "late:<function>@<when>+<time>",
        what: &["an event waits in the function's queue, as when throttled"],
        example: "late:save@1+6s",
    },
    Form {
        form: "twice:<function>@<when>",
        what: &["an event reaches the function twice, as Lambda permits"],
        example: "twice:save@50%",
    },
    Form {
        form: "conflict:<function>@<when>",
        what: &[
            "the database refuses a change: another transaction holds",
            "the item",
        ],
        example: "conflict:save@1",
    },
    Form {
        form: "throttle:<function>[.<call>]@<when>",
        what: &["a call (read, commit or shadow) is refused for load"],
        example: "throttle:save.read@2-3",
    },
    Form {
        form: "exceed:<function>[.<call>]@<when>",
        what: &["a call (read or commit) exceeds the provisioned throughput"],
        example: "exceed:save.commit@1",
    },
    Form {
        form: "slow:<function>[.<call>]@<when>+<time>",
        what: &[
            "a call (read, commit, publish or shadow) takes <time>",
            "longer",
        ],
        example: "slow:save.read@5%+2s",
    },
    Form {
        form: "lost-request:<function>.<call>@<when>",
        what: &[
            "a call (read, commit, publish or shadow) is neither",
            "carried out nor answered",
        ],
        example: "lost-request:save.commit@1",
    },
    Form {
        form: "lost-answer:<function>.<call>@<when>",
        what: &[
            "a call is carried out but not answered; its caller waits",
            "until it gives up",
        ],
        example: "lost-answer:save.publish@1",
    },
    Form {
        form: "cut-request:<function>.<call>@<when>",
        what: &[
            "a call is not carried out, and its connection breaks at",
            "once",
        ],
        example: "cut-request:save.read@1",
    },
    Form {
        form: "cut-answer:<function>.<call>@<when>",
        what: &[
            "a call is carried out, and its connection breaks before",
            "the answer",
        ],
        example: "cut-answer:save.commit@1",
    },
    Form {
        form: "power:<device>@t=<time>[+<time>]",
        what: &["a device loses its power, temporarily or for good"],
        example: "power:lamp-1@t=20s+3s",
    },
    Form {
        form: "network:<device>@t=<time>[+<time>]",
        what: &["a device loses its network"],
        example: "network:lamp-1@t=5s+1m",
    },
    Form {
        form: "clock:<device>@t=<time>[+<time>]",
        what: &[
            "a device receives no time of day; it keeps the time it",
            "knows, and has none after its next power-on",
        ],
        example: "clock:lamp-1@t=5s",
    },
    Form {
        form: "drift:<device>@t=<time>+<n>ppm",
        what: &["a device's uptime runs fast (or slow, with -<n>ppm)"],
        example: "drift:lamp-1@t=0s+200ppm",
    },
];

/// What the forms have in common.
pub const NOTES: &str = "\
  For calls to the database, <function>[.<call>] may be <table>[.<call>], <call> one of its
  operations, or the whole target an operation of any caller:
  throttle:Items@5%, exceed:Items.PutItem@1, slow:TransactWriteItems@1+3s
  <when>: 5% (each with this chance), 3 (only the third), 2-4 (the second to the fourth)
  <time>: 200ms, 20s, 3m
With the same seed, the n-th message on a topic (or call of a function) has the same fate in every
run.";

/// Every form with its explanation and example, then what they have in common.
pub fn help(of_devices: bool) -> String {
    let mut help = String::new();
    let shown = FORMS
        .iter()
        .filter(|form| of_devices || !form.is_of_device());
    for form in shown {
        let lines = form.what.iter().chain([&form.example]);
        for (number, line) in lines.enumerate() {
            let left = if number == 0 { form.form } else { "" };
            help += &format!("{left:COLUMN$}{line}\n");
        }
    }
    help + NOTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn each_kind_has_a_name_of_its_own_and_an_example_of_itself() {
        let mut names = std::collections::BTreeSet::new();
        for form in FORMS {
            assert!(names.insert(form.name()), "{}", form.name());
            assert!(form.form.len() < COLUMN, "{}", form.form);
            let fault: Fault = form.example.parse().expect("an example is a fault");
            assert!(fault.to_string().starts_with(&format!("{}:", form.name())));
            assert_eq!(form.is_of_device(), matches!(fault, Fault::Device { .. }));
        }
        assert_eq!(names.len(), 19);
    }

    #[test]
    fn the_help_has_two_columns() {
        let first = "drop:<topic filter>@<when>              messages are lost in the broker\n";
        assert!(help(true).starts_with(first), "{}", help(true));
        assert!(help(true).ends_with("run."), "{}", help(true));
    }
}
