//! The pictures of a run: latencies as a histogram, and memory over time, in one SVG.
//!
//! Must not know: what was measured.

use std::fmt::Write as _;
use std::time::Duration;

use crate::memory::Sample;

const WIDTH: f64 = 760.0;
const PANEL: f64 = 220.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 34.0;
/// Height of the picture: two panels with their titles and axes.
const HEIGHT: f64 = 2.0 * (PANEL + TOP + 30.0);
/// Bars per factor of ten.
const BARS_PER_DECADE: usize = 8;
/// The axis of latencies, in ms: from this, over this many factors of ten.
const FROM_MS: f64 = 1.0;
const DECADES: usize = 5;

/// Draws both.
pub fn draw(latencies: &[Duration], memory: &[Sample], presses_from_s: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    draw_latencies(&mut svg, latencies);
    draw_memory(&mut svg, memory, presses_from_s);
    svg.push_str("</svg>\n");
    svg
}

/// Number of latencies in each bar. The first and the last also hold what is beyond the axis.
fn count_bars(latencies: &[Duration]) -> Vec<u32> {
    let mut bars = vec![0; BARS_PER_DECADE * DECADES];
    for latency in latencies {
        let ms = (latency.as_secs_f64() * 1000.0).max(FROM_MS);
        #[expect(clippy::cast_precision_loss, reason = "a small constant")]
        let place = (ms / FROM_MS).log10() * BARS_PER_DECADE as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0, and bounded below"
        )]
        let index = (place as usize).min(bars.len() - 1);
        bars[index] += 1;
    }
    bars
}

fn draw_latencies(svg: &mut String, latencies: &[Duration]) {
    let bars = count_bars(latencies);
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    let base = TOP + PANEL;
    let width = (WIDTH - LEFT - 20.0) / f64::from(u32::try_from(bars.len()).unwrap_or(1));
    write_title(svg, TOP, "From press to movement of the latch: presses");
    write_scale(svg, TOP, &most.to_string());
    for (index, count) in (0_u32..).zip(&bars) {
        let height = PANEL * f64::from(*count) / f64::from(most);
        let (x, y) = (LEFT + width * f64::from(index), base - height);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" \
             fill=\"#3a6ea5\"/>",
            width - 1.0
        );
    }
    let labels = ["1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"];
    for (decade, label) in (0_u32..).zip(labels) {
        let per_decade = f64::from(u32::try_from(BARS_PER_DECADE).unwrap_or(1));
        let x = LEFT + width * per_decade * f64::from(decade);
        write_label(svg, x, base + 16.0, "middle", label);
    }
}

fn draw_memory(svg: &mut String, memory: &[Sample], presses_from_s: f64) {
    let top = TOP + PANEL + 30.0 + TOP;
    let base = top + PANEL;
    let kb = |sample: &Sample| f64::from(u32::try_from(sample.rss_kb).unwrap_or(u32::MAX));
    let most = memory.iter().map(kb).fold(1.0, f64::max);
    let until_s = memory.last().map_or(1.0, |sample| sample.at_s.max(1.0));
    let x_of = |at_s: f64| LEFT + (WIDTH - LEFT - 20.0) * at_s / until_s;
    write_title(
        svg,
        top,
        "Resident memory of the cloud; the line: presses begin",
    );
    write_scale(svg, top, &format!("{:.0} MB", most / 1000.0));
    let points = memory.iter().map(|sample| {
        let y = base - PANEL * kb(sample) / most;
        format!("{:.1},{y:.1}", x_of(sample.at_s))
    });
    let points: Vec<String> = points.collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#3a6ea5\" stroke-width=\"2\"/>",
        points.join(" ")
    );
    let x = x_of(presses_from_s);
    let _ = writeln!(
        svg,
        "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{base}\" stroke=\"#999\" \
         stroke-dasharray=\"4\"/>"
    );
    write_label(svg, LEFT, base + 16.0, "middle", "0 s");
    write_label(
        svg,
        WIDTH - 20.0,
        base + 16.0,
        "end",
        &format!("{until_s:.0} s"),
    );
}

fn write_title(svg: &mut String, top: f64, title: &str) {
    write_label(svg, LEFT, top - 12.0, "start", title);
}

/// The axes, with the largest value.
fn write_scale(svg: &mut String, top: f64, most: &str) {
    let base = top + PANEL;
    let _ = writeln!(
        svg,
        "<polyline points=\"{LEFT},{top} {LEFT},{base} {},{base}\" fill=\"none\" \
         stroke=\"#333\"/>",
        WIDTH - 20.0
    );
    write_label(svg, LEFT - 6.0, top + 10.0, "end", most);
    write_label(svg, LEFT - 6.0, base, "end", "0");
}

fn write_label(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_latency_is_in_one_bar_of_a_logarithmic_axis() {
        let at = [0.1, 1.0, 9.9, 10.0, 1_000.0, 9_000_000.0];
        let latencies = at.map(|ms| Duration::from_secs_f64(ms / 1000.0));
        let bars = count_bars(&latencies);
        assert_eq!((bars[0], bars[7], bars[8], bars[24]), (2, 1, 1, 1));
        assert_eq!(bars[BARS_PER_DECADE * DECADES - 1], 1);
        assert_eq!(bars.iter().sum::<u32>(), 6);
    }

    #[test]
    fn the_picture_holds_both_panels_even_of_nothing() {
        let empty = draw(&[], &[], 0.0);
        assert!(empty.starts_with("<svg") && empty.ends_with("</svg>\n"));
        let samples = [(0.0, 10), (5.0, 20)].map(|(at_s, rss_kb)| Sample { at_s, rss_kb });
        let drawn = draw(&[Duration::from_millis(20)], &samples, 2.0);
        assert!(
            drawn.contains("points=\"64.0,428.0 740.0,318.0\""),
            "{drawn}"
        );
    }
}
