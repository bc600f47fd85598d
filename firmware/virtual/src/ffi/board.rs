//! Pins, timers, the clock, heap, flash and restart, as the firmware calls them.
//!
//! Must not know: what is wired to the board.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

use std::ffi::{c_int, c_void};
use std::time::Duration;

use crate::call::{Context, PinCallback, TimerCallback};
use crate::current::with;
use crate::device::Device;
use crate::power::Point;
use crate::restart;
use crate::timer::Task;

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_setup_output(pin: c_int, level: bool) -> bool {
    with(|d| d.set_output(pin, level))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_read(pin: c_int) -> bool {
    with(|d| d.pins.read(pin))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_write(pin: c_int, level: bool) {
    with(|d| d.write_pin(pin, level));
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_set_button_handler(
    pin: c_int,
    pull: c_int,
    edge: c_int,
    debounce_ms: c_int,
    callback: PinCallback,
    context: *mut c_void,
) -> bool {
    with(|d| {
        d.pins
            .set_handler(pin, pull, edge, debounce_ms, callback, Context(context))
    })
}

const MGOS_TIMER_REPEAT: c_int = 1;

#[unsafe(no_mangle)]
extern "C" fn mgos_set_timer(
    after_ms: c_int,
    flags: c_int,
    callback: TimerCallback,
    context: *mut c_void,
) -> usize {
    let interval = Duration::from_millis(u64::try_from(after_ms).unwrap_or(0));
    let repeat = (flags & MGOS_TIMER_REPEAT != 0).then_some(interval);
    with(|d| d.start_timer(interval, repeat, Task::App(callback, Context(context))))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_uptime() -> f64 {
    with(|d| d.clock.uptime_s())
}

// Roughly the heap of an ESP8266 on which Mongoose OS, Wi-Fi and one TLS connection are up.
#[unsafe(no_mangle)]
extern "C" fn mgos_get_free_heap_size() -> usize {
    27_136
}

#[unsafe(no_mangle)]
extern "C" fn mgos_get_min_free_heap_size() -> usize {
    19_408
}

#[unsafe(no_mangle)]
extern "C" fn mgos_rand_range(from: f32, to: f32) -> f32 {
    // The standard library's only source of randomness is that of its hash maps.
    let number = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0_u8);
    let fraction = (number >> 40) as f32 / (1_u64 << 24) as f32;
    from + (to - from) * fraction
}

#[unsafe(no_mangle)]
extern "C" fn mgos_system_restart() -> ! {
    restart::restart()
}

#[unsafe(no_mangle)]
extern "C" fn shim_power_reach(point: c_int) {
    let point = match point {
        0 => Point::BeforeErase,
        1 => Point::AfterErase,
        2 => Point::BeforeWrite,
        _ => Point::AfterWrite,
    };
    with(|d| d.power.reach(point));
}

#[unsafe(no_mangle)]
extern "C" fn shim_power_write_bytes_max() -> usize {
    with(|d| d.power.write_bytes_max().unwrap_or(usize::MAX))
}

#[unsafe(no_mangle)]
extern "C" fn shim_power_off() {
    with(|d| d.power.off());
}

#[unsafe(no_mangle)]
extern "C" fn shim_flash_save() {
    with(Device::save_file);
}
