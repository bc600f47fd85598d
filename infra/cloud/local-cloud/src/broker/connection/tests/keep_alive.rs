//! When a silent client is disconnected, and which packets do not count as activity.

use super::*;
use tokio::io::AsyncReadExt;

/// CONNECT of the client `c`, with a keep-alive of one second.
fn hello(version: u8) -> &'static [u8] {
    match version {
        5 => b"\x10\x0e\0\x04MQTT\x05\x02\0\x01\0\0\x01c",
        _ => b"\x10\x0d\0\x04MQTT\x04\x02\0\x01\0\x01c",
    }
}

/// An accepted client whose connection does not run, so that no time passes for it.
fn accepted() -> Connection<DuplexStream> {
    let (broker, certificate) = broker();
    let (_client, server) = tokio::io::duplex(4096);
    let mut connection = Connection::new(broker, server, certificate.into(), peer(), SECOND);
    connection.receive(hello(4)).unwrap();
    connection
}

// AWS same(broker): a client that is silent for 1.5 keep-alives is disconnected with
//     MQTT_KEEP_ALIVE_TIMEOUT, in MQTT 5 with 0x8D
#[tokio::test]
async fn a_silent_client_is_disconnected() {
    for version in [4, 5] {
        let (broker, certificate) = broker();
        let mut published = broker.tap();
        let (mut client, server) = tokio::io::duplex(4096);
        let short = Duration::from_millis(2);
        tokio::spawn(serve_with(broker, server, certificate, peer(), short));
        client.write_all(hello(version)).await.unwrap();
        packet(&mut client, 0x20).await;
        let mut last = Vec::new();
        let read = client.read_to_end(&mut last);
        timeout(DEADLINE, read).await.unwrap().unwrap();
        let expected: &[u8] = if version == 5 { &[0xE0, 1, 0x8D] } else { &[] };
        assert_eq!(last, expected);
        assert_eq!(reason(&mut published).await, "MQTT_KEEP_ALIVE_TIMEOUT");
    }
}

#[tokio::test]
async fn a_client_may_be_silent_for_one_and_a_half_keep_alives() {
    let connection = accepted();
    // 30 s is the minimum.
    assert_eq!(connection.client.unwrap().patience, SECOND * 45);
}

// AWS same(broker): PUBLISH, SUBSCRIBE, PINGREQ and PUBACK keep a connection alive, UNSUBSCRIBE
//     does not
#[tokio::test]
async fn only_some_packets_keep_a_connection_alive() {
    let mut connection = accepted();
    for (case, packet, lives) in [
        ("PINGREQ", &b"\xc0\0"[..], true),
        ("PUBLISH", b"\x32\x06\0\x01a\0\x07x", true),
        ("SUBSCRIBE", b"\x82\x06\0\x09\0\x01a\x01", true),
        ("PUBLISH to itself", b"\x32\x06\0\x01a\0\x08x", true),
        ("UNSUBSCRIBE", b"\xa2\x05\0\x09\0\x01b", false),
    ] {
        // Only a packet that counts as activity moves the deadline.
        let over = Instant::now();
        connection.deadline = over;
        connection.receive(packet).unwrap();
        assert_eq!(connection.deadline > over, lives, "{case}");
    }
    // It acknowledges the message it published to itself.
    connection.out.clear();
    connection.deliver().await.unwrap();
    let [0x32, 6, 0, 1, b'a', high, low, b'x'] = connection.out[..] else {
        panic!("{:?}", connection.out);
    };
    let over = Instant::now();
    connection.deadline = over;
    connection.receive(&[0x40, 2, high, low]).unwrap();
    assert!(connection.deadline > over, "PUBACK");
}
