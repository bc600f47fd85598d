//! What comes for the device's thread: lines of the parent's, events of the network. It must not know what they mean.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::input::Input;
use crate::link::LinkEvent;

/// One thing that came.
#[derive(Debug)]
pub enum Incoming {
    /// A line of the parent's, or what is wrong with it.
    Line(Result<Input, String>),
    /// Something happened on a connection.
    Link(LinkEvent),
    /// The parent says nothing more.
    End,
}

impl From<LinkEvent> for Incoming {
    fn from(event: LinkEvent) -> Self {
        Self::Link(event)
    }
}

/// Everything that came, in its order.
#[derive(Debug)]
pub struct Inbox {
    receiver: Receiver<Incoming>,
    /// Came while the device was busy.
    postponed: VecDeque<Incoming>,
}

impl Inbox {
    /// What comes through `receiver`.
    pub fn new(receiver: Receiver<Incoming>) -> Self {
        Self {
            receiver,
            postponed: VecDeque::new(),
        }
    }

    /// The next one, if it comes within `wait`.
    ///
    /// # Errors
    /// Nothing can come any more.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Incoming>> {
        if let Some(postponed) = self.postponed.pop_front() {
            return Ok(Some(postponed));
        }
        match self.receiver.recv_timeout(wait) {
            Ok(incoming) => Ok(Some(incoming)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the device's threads are gone"),
        }
    }

    /// Waits for so long on behalf of a busy device, or until something is done to the device that needs no help of its own: that
    /// is returned. Everything else waits for its turn.
    pub fn while_busy(&mut self, wait: Duration) -> Option<Input> {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(Incoming::Line(Ok(input))) if input.is_from_outside() => return Some(input),
                Ok(incoming) => self.postponed.push_back(incoming),
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(left);
                    return None;
                }
            }
        }
    }
}
