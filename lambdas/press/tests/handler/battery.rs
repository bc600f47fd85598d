//! The alert about a button's battery, through the function and the table.

use lock_core::reason::Alert;

use super::*;

fn with_battery(press: Value, battery: &str) -> Value {
    let mut press = press;
    press["batteryVoltage"] = json!(battery);
    press
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_battery_is_alerted_once_even_by_two_processes_that_both_know_the_full_one() {
    let world = World::new().await;
    let other = world.another();
    // Both cache the binding with the full battery.
    for (world, sequence) in [(&world, 1), (&other, 2)] {
        world.handle(&world.press("LONG", sequence)).await.unwrap();
    }
    for (world, sequence, battery) in [(&world, 3, "1150mV"), (&other, 4, "1140mV")] {
        let press = with_battery(world.press("LONG", sequence), battery);
        world.handle(&press).await.unwrap();
    }
    let lines = world.lines(Subject::Lock(lock())).await;
    let alerts = lines
        .iter()
        .filter(|line| line.alerts == [Alert::BatteryLow]);
    let details: Vec<_> = alerts.map(|line| line.detail.as_deref()).collect();
    assert_eq!(details, [Some("1150 mV")], "{lines:?}");
    let binding = world.cloud.store.read_binding(&button()).await.unwrap();
    assert_eq!(binding.unwrap().battery_mv, Some(1_140));
}
