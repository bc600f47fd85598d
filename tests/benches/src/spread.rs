//! Samples: median, percentiles, and the median absolute deviation as their spread.
//!
//! Must not know: what was measured.

/// Samples of one quantity.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The value below which this share of the samples lies; 0 of none.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile(&self.0, share)
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The median distance of the samples from their median.
    pub fn spread(&self) -> f64 {
        let median = self.median();
        let distances: Vec<f64> = self.0.iter().map(|v| (v - median).abs()).collect();
        quantile(&distances, 0.5)
    }
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    #[expect(clippy::cast_precision_loss, reason = "samples are few")]
    let place = last as f64 * share;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in it"
    )]
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_ignores_one_wild_sample() {
        let cases: [(&[f64], f64, f64, f64); 4] = [
            (&[3.0, 1.0, 2.0], 2.0, 1.0, 3.0),
            (&[1.0, 2.0, 3.0, 4.0, 900.0], 3.0, 1.0, 900.0),
            (&[1.0, 2.0], 1.5, 0.5, 2.0),
            (&[], 0.0, 0.0, 0.0),
        ];
        for (values, median, spread, most) in cases {
            let samples = Samples(values.to_vec());
            let found = (samples.median(), samples.spread(), samples.quantile(1.0));
            assert_eq!(found, (median, spread, most), "{values:?}");
        }
    }
}
