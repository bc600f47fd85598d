//! The rules that can be removed, and the invariant that each protects.

mod list;

pub use list::Rule;

/// The rules in force: all, or all but some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    gone: u128,
}

const _: () = assert!(Rule::ALL.len() <= 128, "a bit for each rule");

impl Rules {
    /// Every rule.
    pub const ALL: Self = Self { gone: 0 };

    /// All but `rule`.
    pub const fn all_but(rule: Rule) -> Self {
        Self::ALL.and_without(rule)
    }

    /// These rules without `rule`.
    pub const fn and_without(self, rule: Rule) -> Self {
        Self {
            gone: self.gone | 1 << rule as u32,
        }
    }

    /// Whether `rule` is removed.
    pub const fn without(self, rule: Rule) -> bool {
        self.gone & 1 << rule as u32 != 0
    }
}
