//! The power switch: cuts the power at a chosen point of a flash operation or a latch movement.
//!
//! Must not know: what is written or moved.

use std::fmt;
use std::process;
use std::str::FromStr;

use crate::output::{Output, emit};

/// A moment at which the power may fail: a file of the flash is erased or written, or the latch
/// moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Point {
    BeforeErase,
    AfterErase,
    BeforeWrite,
    /// This many bytes of the file are in the flash.
    During(usize),
    AfterWrite,
    BeforeMove,
    AfterMove,
}

/// The points without a number of bytes, by their names.
const POINTS: [(&str, Point); 6] = [
    ("before-erase", Point::BeforeErase),
    ("after-erase", Point::AfterErase),
    ("before-write", Point::BeforeWrite),
    ("after-write", Point::AfterWrite),
    ("before-move", Point::BeforeMove),
    ("after-move", Point::AfterMove),
];

/// A point of the n-th erase, write or movement (from 1) since the cut was ordered.
///
/// Its text is `POINT:N`, or `write:N@BYTES` for a torn write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    point: Point,
    nth: u32,
}

impl FromStr for Cut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (name, rest) = text.split_once(':')?;
            let (nth, point) = match rest.split_once('@') {
                Some((nth, bytes)) if name == "write" => (nth, Point::During(bytes.parse().ok()?)),
                _ => (rest, POINTS.iter().find(|(known, _)| *known == name)?.1),
            };
            let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
            Some(Self { point, nth })
        };
        parse().ok_or_else(|| format!("{text:?} is not a power cut: see --help"))
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Point::During(bytes) = self.point {
            return write!(f, "write:{}@{bytes}", self.nth);
        }
        let known = POINTS.iter().find(|(_, point)| *point == self.point);
        let (name, _) = known.expect("POINTS holds every other point");
        write!(f, "{name}:{}", self.nth)
    }
}

/// The switch, with its counters.
#[derive(Debug, Default)]
pub struct Power {
    cut: Option<Cut>,
    erases: u32,
    writes: u32,
    moves: u32,
}

impl Power {
    /// Orders a cut and restarts the counters.
    pub fn order(&mut self, cut: Cut) {
        *self = Self {
            cut: Some(cut),
            ..Self::default()
        };
    }

    /// Counts `point`. Does not return if the power fails there.
    pub fn reach(&mut self, point: Point) {
        if self.is_at(point) {
            self.off();
        }
    }

    fn is_at(&mut self, point: Point) -> bool {
        let count = match point {
            Point::BeforeErase | Point::AfterErase => &mut self.erases,
            Point::BeforeWrite | Point::During(_) | Point::AfterWrite => &mut self.writes,
            Point::BeforeMove | Point::AfterMove => &mut self.moves,
        };
        if matches!(
            point,
            Point::BeforeErase | Point::BeforeWrite | Point::BeforeMove
        ) {
            *count += 1;
        }
        let nth = *count;
        self.cut == Some(Cut { point, nth })
    }

    /// How many bytes of the current write reach the flash before the power fails; `None` if all
    /// do.
    pub fn write_bytes_max(&self) -> Option<usize> {
        match self.cut {
            Some(Cut {
                point: Point::During(bytes),
                nth,
            }) if nth == self.writes => Some(bytes),
            _ => None,
        }
    }

    /// Cuts the power: reports it and ends the process, so that only the flash survives.
    pub fn off(&self) -> ! {
        let at = self.cut.map_or_else(|| "now".to_owned(), |c| c.to_string());
        emit(&Output::PowerCut { at: &at });
        process::exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cut_is_printed_as_it_was_parsed() {
        for text in [
            "before-erase:1",
            "after-erase:2",
            "before-write:3",
            "write:1@0",
            "write:2@17",
            "after-write:1",
            "before-move:1",
            "after-move:12",
        ] {
            assert_eq!(text.parse::<Cut>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "now",
            "write:1",
            "write:x@1",
            "before-move:0",
            "before-move:1@2",
            "soon:1",
        ] {
            assert!(text.parse::<Cut>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_power_fails_at_the_nth_point_of_its_kind_and_nowhere_else() {
        let mut power = Power::default();
        power.order("after-write:2".parse().unwrap());
        let steps = [
            (Point::BeforeErase, false),
            (Point::AfterErase, false),
            (Point::BeforeWrite, false),
            (Point::AfterWrite, false),
            (Point::BeforeMove, false),
            (Point::AfterMove, false),
            (Point::BeforeWrite, false),
            (Point::AfterWrite, true),
        ];
        for (n, (point, expected)) in steps.into_iter().enumerate() {
            assert_eq!(power.is_at(point), expected, "step {n}: {point:?}");
        }
        power.order("write:2@5".parse().unwrap());
        let mut limits = Vec::new();
        for _ in 0..3 {
            power.is_at(Point::BeforeWrite);
            limits.push(power.write_bytes_max());
        }
        assert_eq!(limits, [None, Some(5), None]);
    }
}
