//! Locks in one process, each over TLS to a broker that the test plays.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;
#[path = "harness/tls.rs"]
mod tls;

use broker::{Broker, Session};
use device::PATIENCE;
use firmware_core::core_ffi::Outcome;
use firmware_core::fleet::{Member, Order, Place, Seen, Sign};
use tls::Certificates;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// A running lock, which ends with its handle.
struct Lock {
    orders: UnboundedSender<Order>,
    signs: UnboundedReceiver<Seen>,
    runtime: tokio::runtime::Runtime,
}

impl Lock {
    fn start(broker: &Broker, certificates: &Certificates, relock_ms: u32) -> Self {
        let (sender, signs) = unbounded_channel();
        let (orders, ordered) = unbounded_channel();
        let place = Place {
            number: 3,
            thing: "thing-1".into(),
            host: "127.0.0.1".into(),
            port: broker.address().port(),
            tls: certificates.files(),
            relock_ms,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let member = Member::new(place, sender).expect("its files can be read");
        runtime.spawn(member.live(ordered));
        Self {
            orders,
            signs,
            runtime,
        }
    }

    /// The next sign that is wanted, with the number of movements so far.
    fn until(&mut self, wanted: impl Fn(&Sign) -> bool) -> u32 {
        let signs = &mut self.signs;
        self.runtime.block_on(async {
            loop {
                let seen = timeout(PATIENCE, signs.recv()).await;
                let seen = seen.expect("a sign in time").expect("the lock lives");
                assert_eq!(seen.lock, 3);
                if wanted(&seen.sign) {
                    return seen.moves;
                }
            }
        })
    }

    fn order(&self, order: Order) {
        self.orders.send(order).expect("the lock lives");
    }
}

/// The next client over TLS, its subscriptions granted.
fn accept(broker: &Broker, certificates: &Certificates) -> Session {
    let mut session = certificates.accept(broker.connection());
    session.take_connect().expect("a lock connects");
    session.write(&[0x20, 2, 0, 0]);
    session.grant_lock("thing-1");
    session
}

fn is_executed(sign: &Sign) -> bool {
    matches!(sign, Sign::Commanded(Outcome::Executed, _))
}

#[test]
fn a_lock_of_the_fleet_obeys_once_reports_and_relocks() {
    let (broker, certificates) = (Broker::start(), Certificates::make());
    let mut lock = Lock::start(&broker, &certificates, 500);
    let mut session = accept(&broker, &certificates);
    let boot = session.sync();
    assert_eq!(boot["state"]["reported"]["source"], "boot");
    session.command("unlock", 7);
    assert_eq!(lock.until(is_executed), 2, "boot and unlock");
    session.report(|r| r["version"] == 7 && r["lock"] == "unlocked");
    session.command("unlock", 7);
    let moves = lock.until(|sign| matches!(sign, Sign::Commanded(Outcome::Repeated, _)));
    assert!(moves <= 3, "a copy does not move the latch");
    session.report(|r| r["source"] == "auto" && r["lock"] == "locked");
}

#[test]
fn after_a_power_cut_it_connects_again_and_remembers() {
    let (broker, certificates) = (Broker::start(), Certificates::make());
    let mut lock = Lock::start(&broker, &certificates, 0);
    let mut session = accept(&broker, &certificates);
    session.sync();
    session.command("unlock", 7);
    lock.until(is_executed);
    lock.order(Order::Power(false));
    lock.until(|sign| matches!(sign, Sign::Offline(_)));
    lock.order(Order::Power(true));
    let mut session = accept(&broker, &certificates);
    let report = session.sync();
    let reported = &report["state"]["reported"];
    assert_eq!(
        (
            &reported["lock"],
            &reported["version"],
            &reported["bootCount"]
        ),
        (&"locked".into(), &7.into(), &2.into())
    );
    session.command("unlock", 7);
    lock.until(|sign| matches!(sign, Sign::Commanded(Outcome::Repeated, _)));
}

#[test]
fn without_a_network_it_stays_away_until_the_network_is_back() {
    let (broker, certificates) = (Broker::start(), Certificates::make());
    let mut lock = Lock::start(&broker, &certificates, 0);
    let mut session = accept(&broker, &certificates);
    session.sync();
    lock.order(Order::Network(false));
    lock.until(|sign| matches!(sign, Sign::Offline(_)));
    assert!(broker.no_connection());
    lock.order(Order::Network(true));
    let mut session = accept(&broker, &certificates);
    let report = session.report(|_| true);
    assert_eq!(report["state"]["reported"]["bootCount"], 1);
}
