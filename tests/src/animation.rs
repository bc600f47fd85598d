//! Screenshots put together into one moving picture, an animated PNG: each frame holds only the
//! rectangle that differs from the frame before it.
//!
//! Must not know: what the pictures show.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use png::{
    BitDepth, BlendOp, ColorType, Compression, Decoder, DisposeOp, Encoder, Transformations,
};

/// Bytes of a pixel: red, green and blue.
const PIXEL: usize = 3;

/// A moving picture.
#[derive(Debug, Default)]
pub struct Animation {
    width: u32,
    height: u32,
    frames: Vec<Frame>,
}

#[derive(Debug)]
struct Frame {
    pixels: Vec<u8>,
    shown_ms: u16,
}

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Animation {
    /// Adds a screenshot, a PNG, which is shown for this long. One that is the same as the last
    /// makes the last longer.
    pub fn add(&mut self, screenshot: &[u8], shown_ms: u16) -> Result<()> {
        let (width, height, pixels) = decode(screenshot)?;
        if self.frames.is_empty() {
            (self.width, self.height) = (width, height);
        }
        let size = (self.width, self.height);
        ensure!((width, height) == size, "a frame of another size");
        match self.frames.last_mut() {
            Some(last) if last.pixels == pixels => last.shown_ms += shown_ms,
            _ => self.frames.push(Frame { pixels, shown_ms }),
        }
        Ok(())
    }

    /// The number of frames that differ from the one before.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The picture as a file. It is shown again and again.
    pub fn file(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::High);
        encoder.set_animated(u32::try_from(self.frames.len())?, 0)?;
        let mut writer = encoder.write_header()?;
        writer.set_blend_op(BlendOp::Source)?;
        writer.set_dispose_op(DisposeOp::None)?;
        let mut before: Option<&Frame> = None;
        for frame in &self.frames {
            let area = match before {
                Some(before) => self.changed(&before.pixels, &frame.pixels),
                None => self.whole(),
            };
            let (width, height) = (area.right - area.left, area.bottom - area.top);
            // In this order: the area must stay inside the picture.
            writer.reset_frame_position()?;
            writer.set_frame_dimension(u32::try_from(width)?, u32::try_from(height)?)?;
            writer.set_frame_position(u32::try_from(area.left)?, u32::try_from(area.top)?)?;
            writer.set_frame_delay(frame.shown_ms, 1_000)?;
            writer.write_image_data(&self.cut(&frame.pixels, area))?;
            before = Some(frame);
        }
        writer.finish()?;
        Ok(file)
    }

    fn whole(&self) -> Area {
        Area {
            left: 0,
            top: 0,
            right: self.width as usize,
            bottom: self.height as usize,
        }
    }

    /// The smallest area outside which two pictures are the same.
    fn changed(&self, before: &[u8], after: &[u8]) -> Area {
        let width = self.width as usize;
        let pixels = before.chunks(PIXEL).zip(after.chunks(PIXEL)).enumerate();
        let differing = pixels.filter(|(_, (before, after))| before != after);
        let places = differing.map(|(at, _)| (at % width, at / width));
        let area = places.fold(None, |area: Option<Area>, (x, y)| {
            let area = area.unwrap_or(Area {
                left: x,
                top: y,
                right: x,
                bottom: y,
            });
            Some(Area {
                left: area.left.min(x),
                top: area.top.min(y),
                right: area.right.max(x + 1),
                bottom: area.bottom.max(y + 1),
            })
        });
        area.unwrap_or_else(|| self.whole())
    }

    fn cut(&self, pixels: &[u8], area: Area) -> Vec<u8> {
        let row = self.width as usize * PIXEL;
        let rows = pixels.chunks(row).skip(area.top);
        let rows = rows.take(area.bottom - area.top);
        rows.flat_map(|row| &row[area.left * PIXEL..area.right * PIXEL])
            .copied()
            .collect()
    }
}

/// The size and pixels of a PNG. What is transparent is not: screenshots have none.
fn decode(file: &[u8]) -> Result<(u32, u32, Vec<u8>)> {
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size().context("too large")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels)?;
    pixels.truncate(info.buffer_size());
    let pixels = match info.color_type {
        ColorType::Rgb => pixels,
        ColorType::Rgba => pixels
            .chunks(4)
            .flat_map(|pixel| &pixel[..PIXEL])
            .copied()
            .collect(),
        other => anyhow::bail!("a screenshot of {other:?}"),
    };
    Ok((info.width, info.height, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: u32 = 4;
    const HEIGHT: u32 = 3;

    /// A black picture with white pixels at these places.
    fn picture(white: &[(u32, u32)]) -> Vec<u8> {
        let mut pixels = vec![0; (WIDTH * HEIGHT) as usize * PIXEL];
        for (x, y) in white {
            let at = (y * WIDTH + x) as usize * PIXEL;
            pixels[at..at + PIXEL].fill(255);
        }
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, WIDTH, HEIGHT);
        encoder.set_color(ColorType::Rgb);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&pixels).expect("pixels");
        writer.finish().expect("an end");
        file
    }

    #[test]
    fn each_frame_holds_what_differs_and_is_shown_for_its_time() {
        let mut animation = Animation::default();
        for (white, shown_ms) in [
            (&[][..], 100),
            (&[], 50),
            (&[(1, 1), (2, 2)], 200),
            (&[(1, 1)], 300),
        ] {
            animation.add(&picture(white), shown_ms).expect("a frame");
        }
        let file = animation.file().expect("a picture");
        let mut reader = Decoder::new(Cursor::new(&file)).read_info().expect("a PNG");
        let control = reader.info().animation_control().copied();
        assert_eq!(
            control.map(|it| (it.num_frames, it.num_plays)),
            Some((3, 0))
        );
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut pixels = vec![0; 64];
            reader.next_frame(&mut pixels).expect("a frame");
            let frame = *reader.info().frame_control().expect("a frame of three");
            let place = (frame.x_offset, frame.y_offset, frame.width, frame.height);
            seen.push((place, frame.delay_num));
        }
        assert_eq!(
            seen,
            [
                ((0, 0, 4, 3), 150),
                ((1, 1, 2, 2), 200),
                ((2, 2, 1, 1), 300)
            ]
        );
    }

    #[test]
    fn a_frame_of_another_size_is_refused() {
        let mut animation = Animation::default();
        animation.add(&picture(&[]), 1).expect("a frame");
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 1, 1);
        encoder.set_color(ColorType::Rgb);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&[0; PIXEL]).expect("pixels");
        writer.finish().expect("an end");
        assert!(animation.add(&file, 1).is_err());
    }
}
