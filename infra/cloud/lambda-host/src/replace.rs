//! Puts changed functions in the place of running ones; what has not changed keeps its warm processes.
//!
//! Must not know: why a function has changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::pool::Pool;
use super::{FunctionError, Functions, Wiring, concurrency, environment};

impl Functions {
    /// Runs `functions` from now on, and gives the names of those that are new, changed or gone. A function whose logical
    /// id is in `rebuilt` counts as changed. An event at work ends where it began; idle processes of the old code end.
    ///
    /// Errors: as [`Functions::start`]; nothing has changed then.
    pub async fn replace(
        &self,
        functions: Vec<sam_template::Function>,
        wiring: Wiring,
        rebuilt: &BTreeSet<String>,
    ) -> Result<Vec<String>, FunctionError> {
        let running = self.pools();
        let pools = pools(functions, &wiring, |function, binary| {
            let same = |pool: &&Arc<Pool>| {
                pool.function == *function
                    && pool.binary() == binary
                    && !rebuilt.contains(&function.logical_id)
            };
            running.iter().find(same).cloned()
        })?;
        let of_both = running.iter().chain(&pools);
        let mut changed: Vec<String> = of_both
            .filter(|pool| !(contains(&running, pool) && contains(&pools, pool)))
            .map(|pool| pool.function.name.clone())
            .collect();
        changed.sort();
        changed.dedup();
        *self.inner.pools.write().expect("no holder panics") = pools.clone();
        for old in running.iter().filter(|pool| !contains(&pools, pool)) {
            old.stop().await;
        }
        Ok(changed)
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
        let Some(binary) = wiring.binaries.get(&function.binary).cloned() else {
            return Err(FunctionError::NoBinary {
                function: function.name,
                binary: function.binary,
            });
        };
        pools.push(match kept(&function, &binary) {
            Some(pool) => pool,
            None => Arc::new(Pool::new(function, binary, wiring.clone(), share)),
        });
    }
    Ok(pools)
}
