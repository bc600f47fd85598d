//! The live stream of a page: the board, and with it the ways, the messages and the faults.
//!
//! Must not know: what is shown of a lock, a way, a message or a fault.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Once, Stream, StreamExt};

use super::Console;
use crate::board::{Frame, Look, Sheet};
use crate::trail::{Note, TrailLook};

/// The part of the stream that is wanted.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    /// The board, without ways, messages and faults.
    Board,
}

type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// The whole state, then the ways, the messages and the faults until now, then every change of
/// them. A receiver that was too slow for some gets the whole again. With `?part=board` it is the
/// state alone.
pub async fn stream(
    State(console): State<Console>,
    Query(wanted): Query<Wanted>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (begin, frames) = board_events(Arc::clone(console.board.sheet())).await;
    let all: Events = match wanted.part {
        Some(Part::Board) => Box::pin(begin.chain(frames)),
        None => {
            let TrailLook {
                whole,
                ways,
                messages,
            } = console.trail.look();
            let faults = console.injector.look();
            let whole = whole.into_iter().chain([faults.whole]);
            let whole = tokio_stream::iter(whole.map(|note| show_note(&note)));
            let trail = Arc::clone(&console.trail);
            let ways = later_notes(ways, move || trail.ways());
            let messages = later_notes(messages, move || console.trail.messages());
            let injector = console.injector;
            let faults = later_notes(faults.notes, move || injector.note_of_all());
            let later = frames.merge(ways).merge(messages).merge(faults);
            Box::pin(begin.chain(whole).chain(later))
        }
    };
    Sse::new(all.map(Ok)).keep_alive(KeepAlive::default())
}

/// The stream of a page without ways and messages.
pub async fn board(
    State(sheet): State<Arc<Sheet>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (begin, frames) = board_events(sheet).await;
    Sse::new(begin.chain(frames).map(Ok)).keep_alive(KeepAlive::default())
}

/// The whole state, and the frames after it.
async fn board_events(sheet: Arc<Sheet>) -> (Once<Event>, impl Stream<Item = Event>) {
    let Look { first, frames } = sheet.look().await;
    let begin = tokio_stream::once(show_frame(&first));
    (begin, later_frames(first.number, frames, sheet))
}

/// The frames after the one with this number.
fn later_frames(
    mut last: u64,
    frames: Receiver<Frame>,
    sheet: Arc<Sheet>,
) -> impl Stream<Item = Event> {
    BroadcastStream::new(frames).filter_map(move |frame| {
        // A missed one is in the whole.
        let frame = frame.unwrap_or_else(|_| sheet.whole());
        let is_new = frame.kind == "state" || frame.number > last;
        last = last.max(frame.number);
        is_new.then(|| show_frame(&frame))
    })
}

/// The notes as they come. A missed one is in the whole.
fn later_notes(notes: Receiver<Note>, whole: impl Fn() -> Note) -> impl Stream<Item = Event> {
    let notes = BroadcastStream::new(notes);
    notes.map(move |note| show_note(&note.unwrap_or_else(|_| whole())))
}

fn show_frame(frame: &Frame) -> Event {
    Event::default().event(frame.kind).data(&*frame.text)
}

fn show_note(note: &Note) -> Event {
    Event::default().event(note.kind).data(&*note.text)
}
