//! Tests of the debounce: what a handler hears of a button, and what it never hears, when work takes time.

use std::ffi::c_void;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::*;
use crate::call::Call;
use crate::clock::Clock;
use crate::config::Config;
use crate::inbox::{Inbox, Incoming};
use crate::input::Input;
use crate::link::{Link, LinkEvent};
use crate::mqtt::Mqtt;

const BUTTON: i32 = 0;
const RISING: i32 = 1;
const FALLING: i32 = 2;
const ANY: i32 = 3;

extern "C" fn never_called(_: i32, _: *mut c_void) {}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A device with a button that is down at a low level, whose clock is moved by hand.
fn device(edge: i32, debounce_ms: i32) -> Device {
    let link = Link::start(channel::<LinkEvent>().0).unwrap();
    let mut device = Device::new(Config::defaults(), Mqtt::new(link), Inbox::new(channel().1));
    device.clock = Clock::still();
    let context = Context(std::ptr::null_mut());
    assert!(device.pin_handle(BUTTON, PULL_UP, edge, debounce_ms, never_called, context));
    device
}

/// What the handler heard in so much time: when it was called, and whether the button was down. Each call works for `work_ms`.
fn pass(device: &mut Device, time_ms: u64, work_ms: u64) -> Vec<(u64, bool)> {
    let mut heard = Vec::new();
    let end = device.clock.uptime() + ms(time_ms);
    while let Some(due) = device.timers.next_due().filter(|due| *due <= end) {
        device.clock.pass_to(due);
        while device.run_due_timer() {
            while let Some(call) = device.calls.pop_front() {
                assert!(matches!(call, Call::Pin(_, BUTTON, _)), "{call:?}");
                heard.push((device.clock.uptime_ms(), !device.pin_read(BUTTON)));
                device.be_busy(ms(work_ms));
                device.pin_handled(BUTTON);
            }
        }
    }
    device.clock.pass_to(end);
    heard
}

#[test]
fn a_tap_is_heard_when_its_levels_have_held() {
    for (edge, expected) in [
        (ANY, vec![(50, true), (150, false)]),
        (FALLING, vec![(50, true)]),
        (RISING, vec![(150, false)]),
    ] {
        let mut device = device(edge, 50);
        device.tap(&[100]).unwrap();
        assert_eq!(pass(&mut device, 1000, 0), expected, "edge {edge}");
    }
}

#[test]
fn what_does_not_hold_is_not_heard() {
    let mut device = device(ANY, 50);
    device.tap(&[20]).unwrap();
    assert_eq!(pass(&mut device, 1000, 0), []);
    // The time starts at the first edge, and at no later one.
    device.tap(&[10, 10, 10, 10, 100]).unwrap();
    assert_eq!(pass(&mut device, 1000, 0), [(1050, true), (1190, false)]);
}

#[test]
fn an_edge_while_the_handler_runs_is_lost_and_the_next_one_back_is_no_news() {
    for own_work in [true, false] {
        let mut device = device(ANY, 50);
        let work_ms = if own_work { 60 } else { 0 };
        device.slowness.set(None, Some(60 - work_ms));
        // The handler runs from 50 to 110 ms.
        device.tap(&[85]).unwrap();
        assert_eq!(pass(&mut device, 1000, work_ms), [(50, true)]);
        assert!(device.pin_read(BUTTON), "the finger is gone");
        // For Mongoose OS the button is still down, so a press begins with its end.
        device.tap(&[200]).unwrap();
        assert_eq!(pass(&mut device, 1000, work_ms), [(1250, false)]);
    }
}

#[test]
fn an_edge_after_the_handler_is_heard() {
    let mut device = device(ANY, 50);
    device.tap(&[111]).unwrap();
    assert_eq!(pass(&mut device, 1000, 60), [(50, true), (161, false)]);
}

#[test]
fn edges_while_the_main_loop_is_busy_wait_for_it() {
    let mut device = device(ANY, 50);
    device.tap(&[30, 40, 200]).unwrap();
    device.be_busy(ms(100));
    assert!(!device.pin_read(BUTTON), "the finger did not wait");
    assert_eq!(pass(&mut device, 1000, 0), [(150, true), (320, false)]);
    // Over before anybody looks.
    device.tap(&[30]).unwrap();
    device.be_busy(ms(100));
    assert_eq!(pass(&mut device, 1000, 0), []);
}

#[test]
fn without_a_debounce_time_each_edge_is_a_call() {
    let mut device = device(ANY, 0);
    device.tap(&[20, 20, 20]).unwrap();
    let heard = [(0, true), (100, false), (200, false), (300, false)];
    assert_eq!(pass(&mut device, 1000, 100), heard);
}

#[test]
fn an_input_is_driven_when_its_time_has_come_busy_or_not() {
    let mut device = device(ANY, 50);
    for (level, after_ms) in [(false, 100), (true, 300)] {
        device.input(&Input::Pin {
            number: BUTTON,
            level,
            after_ms: Some(after_ms),
        });
    }
    device.be_busy(ms(120));
    assert!(!device.pin_read(BUTTON));
    assert_eq!(pass(&mut device, 1000, 0), [(170, true), (350, false)]);
}

#[test]
fn the_finger_ends_above_the_button_and_does_one_thing_at_a_time() {
    let mut device = device(ANY, 50);
    assert!(device.tap(&[]).is_err());
    assert!(device.tap(&[100, 100]).is_err());
    assert!(device.tap(&[100]).is_ok());
    assert!(device.tap(&[100]).is_err(), "it is at work");
}

#[test]
fn in_real_time_a_busy_device_is_moved_by_its_parent_and_asked_later() {
    let link = Link::start(channel::<LinkEvent>().0).unwrap();
    let (sender, receiver) = channel();
    let mut device = Device::new(Config::defaults(), Mqtt::new(link), Inbox::new(receiver));
    for line in [
        r#"{"read":0}"#,
        r#"{"pin":{"number":0,"level":true}}"#,
        "nonsense",
    ] {
        let line = crate::input::parse(line);
        sender.send(Incoming::Line(line)).unwrap();
    }
    device.be_busy(ms(20));
    assert!(device.clock.uptime() >= ms(20));
    assert!(device.pin_read(0));
    let mut next = || device.inbox.next(Duration::ZERO).unwrap();
    assert!(matches!(next(), Some(Incoming::Line(Ok(Input::Read(0))))));
    assert!(matches!(next(), Some(Incoming::Line(Err(_)))));
    assert!(next().is_none());
}
