//! What cargo prints while it builds: lines, and a bar that it draws over itself.
//!
//! Must not know: what is built, and how the progress is shown.

/// A piece of output.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A line.
    Line(String),
    /// The bar: how many of how many units, and what is being compiled.
    Bar { done: u64, all: u64, units: String },
}

/// The settings that make cargo draw its bar without a terminal, too.
pub const DRAW: [(&str, &str); 2] = [
    ("CARGO_TERM_PROGRESS_WHEN", "always"),
    ("CARGO_TERM_PROGRESS_WIDTH", "100"),
];

/// Takes the complete pieces from the beginning of what was read. The rest stays.
pub fn take_pieces(read: &mut Vec<u8>) -> Vec<Piece> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let Some(last) = read.iter().rposition(is_end) else {
        return Vec::new();
    };
    let complete: Vec<u8> = read.drain(..=last).collect();
    let texts = complete.split(|byte| is_end(byte));
    let texts = texts.map(|text| String::from_utf8_lossy(text).trim_end().to_owned());
    texts
        .filter(|text| !text.is_empty())
        .map(|text| bar(&text).unwrap_or(Piece::Line(text)))
        .collect()
}

/// `    Building [=====>      ] 12/345: serde, tokio(build)`
fn bar(text: &str) -> Option<Piece> {
    let (_, rest) = text
        .trim_start()
        .strip_prefix("Building [")?
        .split_once("] ")?;
    let (counts, units) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, all) = counts.split_once('/')?;
    Some(Piece::Bar {
        done: done.trim().parse().ok()?,
        all: all.trim().parse().ok()?,
        units: units.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_the_bar_are_told_apart_and_an_incomplete_piece_waits() {
        let line = |text: &str| Piece::Line(text.to_owned());
        let mut read =
            b"   Compiling serde v1.0.0\n    Building [===>   ] 12/345: serde, tok".to_vec();
        assert_eq!(take_pieces(&mut read), [line("   Compiling serde v1.0.0")]);
        assert_eq!(take_pieces(&mut read), []);
        read.extend(b"io(build)\r    Building [] 7/9\r\x1b\r\nwarning: [1] 2/3\n");
        let bar = |done, all, units: &str| Piece::Bar {
            done,
            all,
            units: units.to_owned(),
        };
        assert_eq!(
            take_pieces(&mut read),
            [
                bar(12, 345, "serde, tokio(build)"),
                bar(7, 9, ""),
                line("\u{1b}"),
                line("warning: [1] 2/3")
            ]
        );
        assert_eq!(read, b"");
    }
}
