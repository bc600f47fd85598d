//! The power switch: cuts the power at a chosen point of the flash's or the latch's work. It must not know what is
//! written or moved.

use std::fmt;
use std::process;
use std::str::FromStr;

use crate::output::{Output, emit};

/// A moment at which the power may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Point {
    /// A file of the flash is about to be erased.
    BeforeErase,
    /// It has been.
    AfterErase,
    /// A file of the flash is about to be written.
    BeforeWrite,
    /// So many of its bytes are in the flash.
    During(usize),
    /// It is whole.
    AfterWrite,
    /// The latch is about to move.
    BeforeMove,
    /// It has moved.
    AfterMove,
}

/// When to cut: at a point of the n-th erase, write or movement since the cut was ordered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    point: Point,
    nth: u32,
}

impl FromStr for Cut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no power cut: see --help");
        let (point, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (nth, bytes) = match rest.split_once('@') {
            Some((nth, bytes)) => (nth, Some(bytes)),
            None => (rest, None),
        };
        let nth: u32 = nth.parse().map_err(|_| wrong())?;
        let point = match (point, bytes) {
            ("before-erase", None) => Point::BeforeErase,
            ("after-erase", None) => Point::AfterErase,
            ("before-write", None) => Point::BeforeWrite,
            ("write", Some(bytes)) => Point::During(bytes.parse().map_err(|_| wrong())?),
            ("after-write", None) => Point::AfterWrite,
            ("before-move", None) => Point::BeforeMove,
            ("after-move", None) => Point::AfterMove,
            _ => return Err(wrong()),
        };
        if nth == 0 {
            return Err(wrong());
        }
        Ok(Self { point, nth })
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.point {
            Point::BeforeErase => "before-erase",
            Point::AfterErase => "after-erase",
            Point::BeforeWrite => "before-write",
            Point::During(bytes) => return write!(f, "write:{}@{bytes}", self.nth),
            Point::AfterWrite => "after-write",
            Point::BeforeMove => "before-move",
            Point::AfterMove => "after-move",
        };
        write!(f, "{name}:{}", self.nth)
    }
}

/// The switch.
#[derive(Debug, Default)]
pub struct Power {
    cut: Option<Cut>,
    erases: u32,
    writes: u32,
    moves: u32,
}

impl Power {
    /// Orders a cut; counting starts now.
    pub fn order(&mut self, cut: Cut) {
        *self = Self {
            cut: Some(cut),
            ..Self::default()
        };
    }

    /// Notes that the device is at `point`. Does not return if the power goes there.
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

    /// How many bytes of the write under way reach the flash before the power goes; none = all do.
    pub fn write_bytes_max(&self) -> Option<usize> {
        match self.cut {
            Some(Cut {
                point: Point::During(bytes),
                nth,
            }) if nth == self.writes => Some(bytes),
            _ => None,
        }
    }

    /// The power is gone: nothing that was not in the flash survives, and nothing more is said.
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
    fn each_cut_is_read_and_written_alike() {
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
    fn the_cut_is_at_its_point_of_its_turn_and_nowhere_else() {
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
