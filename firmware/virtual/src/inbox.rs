//! Messages to the device's thread: lines from the parent and signals from the network.
//!
//! Must not know: what they mean.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::input::Input;
use crate::link::Signal;

/// One message to the device's thread.
#[derive(Debug)]
pub enum Incoming {
    /// A line from the parent, or the reason why it was refused.
    Line(Result<Input, String>),
    /// A signal from the network thread.
    Link(Signal),
    /// The parent closed the input.
    End,
}

impl From<Signal> for Incoming {
    fn from(signal: Signal) -> Self {
        Self::Link(signal)
    }
}

/// The messages in the order of their arrival.
#[derive(Debug)]
pub struct Inbox {
    receiver: Receiver<Incoming>,
    /// Arrived while the device was busy.
    postponed: VecDeque<Incoming>,
}

impl Inbox {
    /// An inbox of what `receiver` yields.
    pub fn new(receiver: Receiver<Incoming>) -> Self {
        Self {
            receiver,
            postponed: VecDeque::new(),
        }
    }

    /// The next message, if it arrives within `wait`.
    ///
    /// # Errors
    /// All senders are gone.
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

    /// Waits on behalf of a busy device, at most for `wait`. Returns an input that acts on the
    /// device from outside; everything else is kept for [`Inbox::next`].
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
