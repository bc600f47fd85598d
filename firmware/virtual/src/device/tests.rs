//! Tests of the debounce: which levels of a button reach a handler when work takes time.

use std::ffi::c_void;
use std::sync::mpsc::channel;

use super::*;
use crate::call::Context;
use crate::inbox::Incoming;
use crate::input;
use crate::link::Link;

const BUTTON: i32 = 0;
const PULL_UP: i32 = 1;
const RISING: i32 = 1;
const FALLING: i32 = 2;
const ANY: i32 = 3;

extern "C" fn never_called(_: i32, _: *mut c_void) {}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A device in manual time, with a button that is down at the low level.
fn device(edge: i32, debounce_ms: i32) -> Device {
    let link = Link::start(channel::<Signal>().0).unwrap();
    let mut device = Device::new(Config::defaults(), Mqtt::new(link), Inbox::new(channel().1));
    device.clock = Clock::manual();
    let context = Context(std::ptr::null_mut());
    let pins = &mut device.pins;
    assert!(pins.set_handler(BUTTON, PULL_UP, edge, debounce_ms, never_called, context));
    device
}

fn tap(device: &mut Device, times_ms: &[u64]) -> Result<(), String> {
    let timer = device.finger.tap(times_ms, &device.config)?;
    device.carry_out(timer);
    Ok(())
}

/// The handler's calls in this time: when, and whether the button was down. Each takes `work_ms`.
fn pass(device: &mut Device, time_ms: u64, work_ms: u64) -> Vec<(u64, bool)> {
    let mut calls = Vec::new();
    let end = device.clock.uptime() + ms(time_ms);
    while let Some(due) = device.timers.next_due().filter(|due| *due <= end) {
        device.clock.advance_to(due);
        while device.run_due_timer() {
            while let Some(call) = device.calls.pop_front() {
                assert!(matches!(call, Call::Pin(_, BUTTON, _)), "{call:?}");
                calls.push((device.clock.uptime_ms(), !device.pins.read(BUTTON)));
                device.be_busy(ms(work_ms));
                device.end_pin_call(BUTTON);
            }
        }
    }
    device.clock.advance_to(end);
    calls
}

#[test]
fn a_tap_leads_to_a_call_when_its_levels_have_held() {
    for (edge, expected) in [
        (ANY, vec![(50, true), (150, false)]),
        (FALLING, vec![(50, true)]),
        (RISING, vec![(150, false)]),
    ] {
        let mut device = device(edge, 50);
        tap(&mut device, &[100]).unwrap();
        assert_eq!(pass(&mut device, 1000, 0), expected, "edge {edge}");
    }
}

#[test]
fn a_level_that_does_not_hold_leads_to_no_call() {
    let mut device = device(ANY, 50);
    tap(&mut device, &[20]).unwrap();
    assert_eq!(pass(&mut device, 1000, 0), []);
    // The debounce time starts at the first edge, not at a later one.
    tap(&mut device, &[10, 10, 10, 10, 100]).unwrap();
    assert_eq!(pass(&mut device, 1000, 0), [(1050, true), (1190, false)]);
}

#[test]
fn an_edge_while_the_handler_runs_is_lost_and_so_is_the_next_one_back() {
    for own_work in [true, false] {
        let mut device = device(ANY, 50);
        let work_ms = if own_work { 60 } else { 0 };
        device.slowness.handler = ms(60 - work_ms);
        // The handler runs from 50 to 110 ms.
        tap(&mut device, &[85]).unwrap();
        assert_eq!(pass(&mut device, 1000, work_ms), [(50, true)]);
        assert!(device.pins.read(BUTTON), "the finger is gone");
        // For Mongoose OS the button is still down, so only the end of the next press is a change.
        tap(&mut device, &[200]).unwrap();
        assert_eq!(pass(&mut device, 1000, work_ms), [(1250, false)]);
    }
}

#[test]
fn an_edge_after_the_handler_leads_to_a_call() {
    let mut device = device(ANY, 50);
    tap(&mut device, &[111]).unwrap();
    assert_eq!(pass(&mut device, 1000, 60), [(50, true), (161, false)]);
}

#[test]
fn edges_while_the_main_loop_is_busy_wait_for_it() {
    let mut device = device(ANY, 50);
    tap(&mut device, &[30, 40, 200]).unwrap();
    device.be_busy(ms(100));
    assert!(!device.pins.read(BUTTON), "the finger did not wait");
    assert_eq!(pass(&mut device, 1000, 0), [(150, true), (320, false)]);
    // Over before the main loop looks.
    tap(&mut device, &[30]).unwrap();
    device.be_busy(ms(100));
    assert_eq!(pass(&mut device, 1000, 0), []);
}

#[test]
fn without_a_debounce_time_each_edge_is_a_call() {
    let mut device = device(ANY, 0);
    tap(&mut device, &[20, 20, 20]).unwrap();
    let calls = [(0, true), (100, false), (200, false), (300, false)];
    assert_eq!(pass(&mut device, 1000, 100), calls);
}

#[test]
fn an_input_is_driven_on_time_whether_the_device_is_busy_or_not() {
    let mut device = device(ANY, 50);
    for (level, after_ms) in [(false, 100), (true, 300)] {
        device.take_input(&Input::Pin {
            number: BUTTON,
            level,
            after_ms: Some(after_ms),
        });
    }
    device.be_busy(ms(120));
    assert!(!device.pins.read(BUTTON));
    assert_eq!(pass(&mut device, 1000, 0), [(170, true), (350, false)]);
}

#[test]
fn the_finger_must_end_up_and_makes_one_tap_at_a_time() {
    let mut device = device(ANY, 50);
    assert!(tap(&mut device, &[]).is_err());
    assert!(tap(&mut device, &[100, 100]).is_err());
    assert!(tap(&mut device, &[100]).is_ok());
    assert!(
        tap(&mut device, &[100]).is_err(),
        "its movements are not over"
    );
}

#[test]
fn in_real_time_a_busy_device_takes_pins_at_once_and_questions_later() {
    let link = Link::start(channel::<Signal>().0).unwrap();
    let (sender, receiver) = channel();
    let mut device = Device::new(Config::defaults(), Mqtt::new(link), Inbox::new(receiver));
    for line in [
        r#"{"read":0}"#,
        r#"{"pin":{"number":0,"level":true}}"#,
        "nonsense",
    ] {
        let line = input::parse(line);
        sender.send(Incoming::Line(line)).unwrap();
    }
    device.be_busy(ms(20));
    assert!(device.clock.uptime() >= ms(20));
    assert!(device.pins.read(0));
    let mut next = || device.inbox.next(Duration::ZERO).unwrap();
    assert!(matches!(next(), Some(Incoming::Line(Ok(Input::Read(0))))));
    assert!(matches!(next(), Some(Incoming::Line(Err(_)))));
    assert!(next().is_none());
}
