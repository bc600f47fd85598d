//! The action `CloudwatchMetric`: writes one value of a metric.
//!
//! Source: AWS IoT developer guide, "CloudWatch metrics" below "AWS IoT rule actions".

use super::substitution::Substitution;
use super::{Engine, Rule};
use crate::broker::message::Message;
use crate::metric::{Datum, Key};

/// What is written.
pub struct Metric {
    pub namespace: Substitution,
    pub name: Substitution,
    pub value: Substitution,
    pub unit: Substitution,
    /// Seconds since the Unix epoch; `None` for now.
    pub timestamp: Option<Substitution>,
    pub role_arn: String,
}

impl Metric {
    pub fn calls_out(&self) -> bool {
        let texts = [&self.namespace, &self.value, &self.unit];
        let mut texts = texts.into_iter().chain(&self.timestamp);
        texts.any(Substitution::calls_out)
    }

    /// Writes the value to the metric `name`; the error says what went wrong.
    pub(super) async fn write(
        &self,
        engine: &Engine,
        rule: &Rule,
        message: &Message,
        name: &str,
    ) -> Result<(), String> {
        engine.check_right(&self.role_arn, "cloudwatch:PutMetricData", "*")?;
        let namespace = self.namespace.resolve(engine, rule, message).await?;
        let value = self.value.resolve(engine, rule, message).await?;
        let value = number("MetricValue", &value)?;
        let unit = self.unit.resolve(engine, rule, message).await?;
        let at_ms = match &self.timestamp {
            None => engine.services.clock.now_ms(),
            Some(seconds) => {
                let seconds = seconds.resolve(engine, rule, message).await?;
                let whole = seconds.parse::<u64>();
                whole.map_err(|_| {
                    format!("MetricTimestamp {seconds:?}: write seconds since the Unix epoch")
                })? * 1000
            }
        };
        engine.services.events.metrics().record(Datum {
            key: Key::new(&namespace, name, &[]),
            unit,
            at_ms,
            values: vec![value],
        });
        Ok(())
    }
}

fn number(what: &str, text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("{what} {text:?} is not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_finite_number() {
        assert_eq!(number("MetricValue", "-1.5"), Ok(-1.5));
        for text in ["", "warm", "inf", "NaN"] {
            assert!(number("MetricValue", text).is_err(), "{text}");
        }
    }
}
