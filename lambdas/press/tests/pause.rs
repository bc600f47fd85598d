//! A press after a pause: the connection to the devices opens during the first read of the table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use lock_aws::clock::Clock;
use lock_aws::{Access, Cloud, MessageFunction};
use lock_core::limits::Limits;
use lock_testing::bound::NOW;
use lock_testing::table;
use press::handler::Handler;
use serde_json::json;
use tokio::net::TcpListener;

/// How long a connection may take to arrive. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

async fn listen() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// Only a connection with TLS is opened early. Nobody answers this one.
fn access(table: SocketAddr, iot: &TcpListener) -> Access {
    Access {
        iot_data: Some(format!("https://{}", iot.local_addr().unwrap())),
        ..table::access(table, iot.local_addr().unwrap())
    }
}

fn cloud(access: &Access) -> Cloud {
    Cloud::new(access, table::TABLE).with_clock(Clock::by_hand(NOW))
}

/// A press of a button that is not registered, after which nothing is published.
async fn handle_press(handler: &Handler, cloud: &Cloud) -> Result<(), lock_aws::PerformError> {
    let now = cloud.clock.now();
    let event = json!({
        "button": "button-9", "clickType": "SINGLE", "batteryVoltage": "1568mV",
        "receivedAt": now.0, "pressId": format!("p{}", now.0), "principal": "ab12"
    });
    handler.handle(&event.to_string(), now.plus(2_000)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_opens_only_after_a_pause() {
    let iot = listen().await;
    let cloud = cloud(&access(table::start().await, &iot));
    table::create(cloud.store.client()).await;
    let handler = Handler::new(cloud.clone(), Limits::default());
    // Not opened at start-up, within a minute, a minute later, after a pause.
    for (wait_ms, is_opened) in [(0, true), (1, false), (60_000, false), (60_001, true)] {
        cloud.clock.wait(wait_ms).await;
        handle_press(&handler, &cloud).await.unwrap();
        if is_opened {
            let opened = tokio::time::timeout(DEADLINE, iot.accept()).await;
            opened.expect("a connection in time").unwrap();
        } else {
            let opened = tokio::time::timeout(Duration::ZERO, iot.accept()).await;
            assert!(opened.is_err(), "opened after {wait_ms} ms");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_opens_before_the_table_answers() {
    // Neither answers, so no call follows the first one.
    let (iot, table) = (listen().await, listen().await);
    let cloud = cloud(&access(table.local_addr().unwrap(), &iot));
    let handler = Handler::new(cloud.clone(), Limits::default());
    tokio::select! {
        ended = handle_press(&handler, &cloud) => panic!("ended without a connection: {ended:?}"),
        opened = iot.accept() => drop(opened.unwrap()),
    }
}
