//! What a contender has cost the network.
//!
//! Must not know: what was said.

use std::collections::BTreeMap;

/// Counts of a stretch of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that are open now, opened in whatever stretch.
    pub open: u64,
    /// Connections opened.
    pub connections: u64,
    /// Requests, by operation.
    pub calls: BTreeMap<String, u64>,
    /// Bytes that the contender sent, with TLS.
    pub bytes_in: u64,
    /// Bytes that it got.
    pub bytes_out: u64,
}

impl Counts {
    /// Calls that a command waits for. A ping only opens a connection, and the one `PutItem` of a
    /// process states its settings after the command is out.
    pub fn trips(&self) -> u64 {
        let work = self.calls.iter();
        let work = work.filter(|(call, _)| !["ping", "PutItem"].contains(&call.as_str()));
        work.map(|(_, count)| count).sum()
    }

    pub(super) fn open_connection(&mut self) {
        self.connections += 1;
        self.open += 1;
    }

    pub(super) fn close_connection(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    pub(super) fn add_call(&mut self, call: &str) {
        *self.calls.entry(call.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trip_is_a_call_that_the_command_waits_for() {
        let mut counts = Counts::default();
        for call in [
            "ping",
            "GetItem",
            "TransactWriteItems",
            "Publish",
            "PutItem",
            "ping",
        ] {
            counts.add_call(call);
        }
        assert_eq!(counts.trips(), 3);
    }
}
