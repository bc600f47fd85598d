//! Makes a failing run small: leaves out lines of its plan, then strikes, while it fails alike.

use crate::invariant::Invariant;
use crate::run::Recipe;

/// Largest number of runs to shrink one.
const RUNS_MAX: u32 = 600;

/// The smallest recipe found that breaks the same invariant.
pub fn shrink(recipe: &Recipe, broken: Invariant) -> Recipe {
    let mut runs = 0;
    let mut fails = |recipe: &Recipe| {
        runs += 1;
        let outcome = || recipe.run(false);
        runs <= RUNS_MAX && outcome().broken.is_some_and(|(found, _)| found == broken)
    };
    let mut best = recipe.clone();
    let acts = recipe.run(false).acts;
    let kept: Vec<usize> = best.keep.clone().unwrap_or_else(|| (0..acts).collect());
    let kept = reduce(kept, |keep| {
        let keep = Some(keep.to_vec());
        fails(&Recipe {
            keep,
            ..best.clone()
        })
    });
    best.keep = Some(kept);
    let struck = best.run(false).struck;
    let strikes = reduce(struck.clone(), |strikes| {
        let strikes = Some(strikes.to_vec());
        fails(&Recipe {
            strikes,
            ..best.clone()
        })
    });
    let smaller = Recipe {
        strikes: Some(strikes),
        ..best.clone()
    };
    if smaller
        .run(false)
        .broken
        .is_some_and(|(found, _)| found == broken)
    {
        best = smaller;
    }
    best
}

/// Leaves out ever smaller parts of a list while the rest still fails (delta debugging).
fn reduce<T: Clone>(mut list: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut part = list.len().div_ceil(2).max(1);
    while !list.is_empty() {
        let mut start = 0;
        let mut smaller = false;
        while start < list.len() {
            let end = (start + part).min(list.len());
            let rest: Vec<T> = [&list[..start], &list[end..]].concat();
            if fails(&rest) {
                list = rest;
                smaller = true;
            } else {
                start = end;
            }
        }
        if part == 1 && !smaller {
            break;
        }
        part = if smaller {
            part.min(list.len()).max(1)
        } else {
            part.div_ceil(2)
        };
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_stays() {
        let list: Vec<u32> = (0..40).collect();
        let fails = |list: &[u32]| list.contains(&7) && list.contains(&31);
        assert_eq!(reduce(list, fails), [7, 31]);
        assert_eq!(reduce(vec![1, 2, 3], |_| true), Vec::<u32>::new());
    }
}
