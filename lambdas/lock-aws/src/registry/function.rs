//! The functions of a stack: whether they can run, who may invoke them, how they have run.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_smithy_types::DateTime;
use lock_core::time::UnixMillis;

use super::{Registry, RegistryError};

const NOT_FOUND: &str = "ResourceNotFoundException";
/// The alias that rules, schedule and event sources invoke.
pub const LIVE: &str = "live";
/// Period of the metrics that are summed up, in s.
const PERIOD_S: i32 = 60;

/// A function, as Lambda describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionState {
    /// `Active`, `Pending`, `Inactive` or `Failed`.
    pub state: String,
    /// `Successful`, `InProgress` or `Failed`.
    pub last_update: String,
    /// Why one of the two is not as it should be.
    pub reason: Option<String>,
    /// The version that the alias `live` invokes; `None` without that alias.
    pub live_version: Option<String>,
}

/// How a function has run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runs {
    /// Number of invocations.
    pub invocations: u64,
    /// How many of them failed.
    pub errors: u64,
}

impl Registry {
    /// The function of this name; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn find_function(&self, name: &str) -> Result<Option<FunctionState>, RegistryError> {
        let live_version = self.find_live_version(name).await?;
        let call = self.clients.lambda.get_function_configuration();
        let call = call.function_name(name);
        let call = call.set_qualifier(live_version.is_some().then(|| LIVE.to_owned()));
        let found = match call.send().await {
            Ok(found) => found,
            Err(error) => {
                let call = format!("lambda:GetFunctionConfiguration {name}");
                return RegistryError::of(call, &error).absent_if(NOT_FOUND);
            }
        };
        let reason = found
            .state_reason()
            .or(found.last_update_status_reason())
            .map(str::to_owned);
        let state = found.state().map(|state| state.as_str().to_owned());
        let update = found.last_update_status();
        let last_update = update.map(|status| status.as_str().to_owned());
        Ok(Some(FunctionState {
            state: state.unwrap_or_default(),
            last_update: last_update.unwrap_or_default(),
            reason,
            live_version,
        }))
    }

    async fn find_live_version(&self, name: &str) -> Result<Option<String>, RegistryError> {
        let call = self.clients.lambda.get_alias().function_name(name);
        match call.name(LIVE).send().await {
            Ok(found) => Ok(Some(
                found.function_version().unwrap_or_default().to_owned(),
            )),
            Err(error) => {
                let call = format!("lambda:GetAlias {name}:{LIVE}");
                RegistryError::of(call, &error).absent_if(NOT_FOUND)
            }
        }
    }

    /// The JSON of the policy that says who may invoke a function's alias `live`; `None` without a
    /// policy, or without the alias.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn find_invoke_policy(&self, name: &str) -> Result<Option<String>, RegistryError> {
        let call = self.clients.lambda.get_policy().function_name(name);
        match call.qualifier(LIVE).send().await {
            Ok(found) => Ok(found.policy().map(str::to_owned)),
            Err(error) => {
                let call = format!("lambda:GetPolicy {name}:{LIVE}");
                RegistryError::of(call, &error).absent_if(NOT_FOUND)
            }
        }
    }

    /// How these functions have run between two times, in their order.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn count_runs(
        &self,
        names: &[String],
        from: UnixMillis,
        to: UnixMillis,
    ) -> Result<Vec<Runs>, RegistryError> {
        let mut call = self
            .clients
            .cloudwatch
            .get_metric_data()
            .start_time(date(from))
            .end_time(date(to));
        for (index, name) in names.iter().enumerate() {
            for (kind, metric) in [("i", "Invocations"), ("e", "Errors")] {
                call = call.metric_data_queries(query(&format!("{kind}{index}"), metric, name));
            }
        }
        let mut runs = vec![Runs::default(); names.len()];
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| RegistryError::of("cloudwatch:GetMetricData", &error))?;
            for series in page.metric_data_results() {
                let Some((kind, index)) = series.id().and_then(|id| id.split_at_checked(1)) else {
                    continue;
                };
                let Some(runs) = index.parse().ok().and_then(|at: usize| runs.get_mut(at)) else {
                    continue;
                };
                // Counts of invocations: whole numbers, far below 2^53.
                let count = series.values().iter().sum::<f64>().max(0.0) as u64;
                match kind {
                    "i" => runs.invocations += count,
                    _ => runs.errors += count,
                }
            }
        }
        Ok(runs)
    }
}

fn date(at: UnixMillis) -> DateTime {
    DateTime::from_millis(i64::try_from(at.0).unwrap_or(i64::MAX))
}

/// The sum of a metric of a function, for each minute.
fn query(id: &str, metric: &str, function: &str) -> MetricDataQuery {
    let function = Dimension::builder().name("FunctionName").value(function);
    let metric = Metric::builder()
        .namespace("AWS/Lambda")
        .metric_name(metric)
        .dimensions(function.build());
    let stat = MetricStat::builder()
        .metric(metric.build())
        .period(PERIOD_S)
        .stat("Sum");
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(stat.build())
        .build()
}
