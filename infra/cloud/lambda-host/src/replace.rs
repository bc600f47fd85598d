//! Replaces running functions by changed ones; an unchanged function keeps its warm processes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::pool::Pool;
use super::{FunctionError, Functions, Wiring, concurrency, environment, lock};

/// A checked set of functions that is ready to run.
pub struct Replacement {
    pools: Vec<Arc<Pool>>,
}

impl Functions {
    /// Checks a new set of functions and changes nothing. A function whose logical id is in
    /// `rebuilt` counts as changed.
    ///
    /// # Errors
    ///
    /// As [`Functions::start`].
    pub fn check(
        &self,
        functions: Vec<sam_template::Function>,
        wiring: &Wiring,
        rebuilt: &BTreeSet<String>,
    ) -> Result<Replacement, FunctionError> {
        let running = self.pools();
        let pools = pools(functions, wiring, |function, binary| {
            let same = |pool: &&Arc<Pool>| {
                pool.function == *function
                    && pool.binary() == binary
                    && !rebuilt.contains(&function.logical_id)
            };
            running.iter().find(same).cloned()
        })?;
        Ok(Replacement { pools })
    }

    /// Runs a checked set of functions, and returns the names of those that are new, changed or
    /// removed. A running invocation finishes with the old code; idle processes of it end.
    pub async fn replace(&self, Replacement { pools }: Replacement) -> Vec<String> {
        let running = self.pools();
        let of_both = running.iter().chain(&pools);
        let mut changed: Vec<String> = of_both
            .filter(|pool| !(contains(&running, pool) && contains(&pools, pool)))
            .map(|pool| pool.function.name.clone())
            .collect();
        changed.sort();
        changed.dedup();
        *lock(&self.inner.pools) = pools.clone();
        for old in running.iter().filter(|pool| !contains(&pools, pool)) {
            old.stop().await;
        }
        changed
    }
}

fn contains(pools: &[Arc<Pool>], pool: &Arc<Pool>) -> bool {
    pools.iter().any(|other| Arc::ptr_eq(other, pool))
}

/// A pool for each function, from `kept` where that has it.
pub(super) fn pools(
    functions: Vec<sam_template::Function>,
    wiring: &Wiring,
    kept: impl Fn(&sam_template::Function, &std::path::Path) -> Option<Arc<Pool>>,
) -> Result<Vec<Arc<Pool>>, FunctionError> {
    let shares = concurrency::share(&functions, wiring.tuning.account_concurrency)?;
    let mut pools = Vec::new();
    for (function, share) in functions.into_iter().zip(shares) {
        environment::check(&function)?;
        let is_external = wiring.external.contains_key(&function.logical_id);
        let binary = match wiring.binaries.get(&function.binary).cloned() {
            Some(binary) => binary,
            None if is_external => PathBuf::new(),
            None => {
                return Err(FunctionError::NoBinary {
                    function: function.name,
                    binary: function.binary,
                });
            }
        };
        pools.push(match kept(&function, &binary) {
            Some(pool) => pool,
            None => Arc::new(Pool::new(function, binary, wiring.clone(), share)),
        });
    }
    Ok(pools)
}
