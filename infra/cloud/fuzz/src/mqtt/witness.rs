//! A client that subscribes to every topic and must be served whatever another client does.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::frame::{self, Packet};

/// A connected client, MQTT 3.1.1, subscribed to everything.
pub struct Witness {
    stream: DuplexStream,
    /// Bytes that are read but not yet parsed.
    unread: Vec<u8>,
}

impl Witness {
    /// Connects and subscribes.
    pub async fn start(stream: DuplexStream) -> Self {
        let mut witness = Self {
            stream,
            unread: Vec::new(),
        };
        // Protocol level 4, clean session, keep-alive of 20 minutes.
        let connect = [
            frame::text("MQTT"),
            vec![4, 2, 4, 176],
            frame::text("witness"),
        ]
        .concat();
        witness.send(&frame::packet(0x10, &connect)).await;
        let subscribe = [vec![0, 1], frame::text("#"), vec![0]].concat();
        witness.send(&frame::packet(0x82, &subscribe)).await;
        witness.hear(|packet| packet.kind == frame::SUBACK).await;
        witness
    }

    /// Publishes on a topic and waits for the message.
    pub async fn speak(&mut self, topic: &str) {
        let publish = [frame::text(topic), b"x".to_vec()].concat();
        self.send(&frame::packet(0x30, &publish)).await;
        self.hear(|packet| packet.kind == frame::PUBLISH && packet.topic() == Some(topic))
            .await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        let sent = self.stream.write_all(bytes).await;
        sent.expect("the broker takes what the witness sends");
    }

    /// Reads up to this packet and checks that the client under test may publish every message
    /// before it.
    async fn hear(&mut self, is_expected: impl Fn(&Packet<'_>) -> bool) {
        let mut buffer = vec![0; 4096];
        loop {
            while let Some((packet, rest)) = frame::split(&self.unread) {
                let found = is_expected(&packet);
                let topic = packet.topic().unwrap_or("no topic");
                let is_allowed = packet.kind != frame::PUBLISH || topic.starts_with("open/");
                assert!(found || is_allowed, "the client published on {topic}");
                let left = rest.len();
                self.unread.drain(..self.unread.len() - left);
                if found {
                    return;
                }
            }
            let length = self.stream.read(&mut buffer).await;
            let length = length.expect("a pipe in memory is read");
            assert!(length > 0, "the broker ended the witness's connection");
            self.unread.extend_from_slice(&buffer[..length]);
        }
    }
}
