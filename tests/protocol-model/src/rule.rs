//! Every rule that can be taken away, one at a time, and the invariant that then breaks. It must not know how a rule is
//! taken away: that is done at the border of the real functions (`cloud.rs`) and in the transcription (`device.rs`).

mod list;

pub use list::Rule;

/// The rules in force: all, or all but some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    gone: u128,
}

const _: () = assert!(Rule::EVERY.len() <= 128, "a bit for each rule");

impl Rules {
    /// All of them.
    pub const ALL: Rules = Rules { gone: 0 };

    /// All but `rule`.
    pub const fn all_but(rule: Rule) -> Rules {
        Rules::ALL.and_without(rule)
    }

    /// These, but for `rule`.
    pub const fn and_without(self, rule: Rule) -> Rules {
        Rules {
            gone: self.gone | 1 << rule as u32,
        }
    }

    /// Whether `rule` has been taken away.
    pub const fn without(self, rule: Rule) -> bool {
        self.gone & 1 << rule as u32 != 0
    }
}
