//! The border to C, and the only place with unsafe code: the functions the firmware calls, and the calls into it.
//!
//! Everything here runs on the device's one thread. A function never calls back into C while it holds the device, and
//! [`run`] holds nothing while it calls.
#![allow(unsafe_code, reason = "this module is the border to C")]

mod board;
mod config;
mod network;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::slice;

use crate::call::{Call, Context, EventCallback, EventData, MqttCallback, Packet};
use crate::device::with;
use crate::output::log;

unsafe extern "C" {
    fn mgos_app_init() -> c_int;
    fn shim_mqtt_take_flags() -> c_ulong;
    fn harness_install() -> c_int;
}

/// `struct mg_str`
#[repr(C)]
struct MgStr {
    p: *const u8,
    len: usize,
}

/// `struct mgos_net_event_data`
#[repr(C)]
struct NetEvent {
    interface: c_int,
    instance: c_int,
}

/// `struct mg_mqtt_message`
#[repr(C)]
struct MqttMessage {
    cmd: c_int,
    topic: MgStr,
    payload: MgStr,
    code: u8,
    id: u16,
}

/// Starts the firmware. Returns whether it accepted its configuration.
pub fn start_app() -> bool {
    // SAFETY: the device is installed on this thread and nobody holds it.
    unsafe { mgos_app_init() == 0 }
}

/// Writes the journal of a board that was installed before, where there is none. Returns whether there is one now.
pub fn install_board() -> bool {
    // SAFETY: the device is installed on this thread and nobody holds it.
    unsafe { harness_install() == 0 }
}

/// What the firmware asked of its connection since the last poll.
pub fn take_connection_flags() -> u64 {
    // SAFETY: shim.c reads and clears a static of its own, on this thread.
    unsafe { shim_mqtt_take_flags() }
}

/// Makes one call into the firmware.
pub fn run(call: &Call) {
    // SAFETY: callback and context were given together by the firmware, whose callbacks live as long as the process;
    // what a callback gets besides lives until it returns, which is all that Mongoose OS promises; nobody holds the device.
    unsafe {
        match call {
            Call::Timer(callback, context) => callback(context.0),
            Call::Pin(callback, pin, context) => callback(*pin, context.0),
            Call::Event(callback, event, data, context) => {
                run_event(*callback, *event, data, *context);
            }
            Call::Mqtt(callback, event, packet, context) => {
                run_mqtt(*callback, *event, packet.as_ref(), *context);
            }
        }
    }
}

/// What a library's buffer holds before a text, and after it instead of a NUL: bytes that would complete a JSON text cut short
/// for a firmware that reads too far. The NUL stops only the worst of such reads.
const BEFORE: &[u8] = b"{\"v\":";
const AFTER: &[u8] = b"\"}}}}}}}}\0";

/// A text amid those.
struct Surrounded(Vec<u8>);

impl Surrounded {
    fn new(text: &[u8]) -> Self {
        Self([BEFORE, text, AFTER].concat())
    }

    fn inside(&self) -> MgStr {
        MgStr {
            p: self.0[BEFORE.len()..].as_ptr(),
            len: self.0.len() - BEFORE.len() - AFTER.len(),
        }
    }
}

/// # Safety
/// As for the calls in [`run`].
unsafe fn run_mqtt(callback: MqttCallback, event: i32, packet: Option<&Packet>, context: Context) {
    let call = |data: *mut c_void| {
        // SAFETY: promised by the caller; `data` points to the message or is NULL.
        unsafe { callback(std::ptr::null_mut(), event, data, context.0) }
    };
    let Some(packet) = packet else {
        call(std::ptr::null_mut());
        return;
    };
    let topic = Surrounded::new(&packet.topic);
    let payload = Surrounded::new(&packet.payload);
    let mut message = MqttMessage {
        cmd: event - 200,
        topic: topic.inside(),
        payload: payload.inside(),
        code: packet.code,
        id: packet.id,
    };
    call((&raw mut message).cast());
}

/// # Safety
/// As for the calls in [`run`].
unsafe fn run_event(callback: EventCallback, event: i32, data: &EventData, context: Context) {
    let call = |data: *mut c_void| {
        // SAFETY: promised by the caller; `data` points to what this event carries, or is NULL.
        unsafe { callback(event, data, context.0) }
    };
    match data {
        EventData::Nothing => call(std::ptr::null_mut()),
        EventData::Cloud(kind) => {
            let mut arg: c_int = *kind;
            call((&raw mut arg).cast());
        }
        EventData::Net => {
            let mut arg = NetEvent {
                interface: 0,
                instance: 0,
            };
            call((&raw mut arg).cast());
        }
    }
}

/// # Safety
/// `text` points to a NUL-terminated string.
unsafe fn to_string(text: *const c_char) -> String {
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// # Safety
/// `data` points to `length` bytes, or `length` is 0.
unsafe fn to_bytes(data: *const c_void, length: usize) -> Vec<u8> {
    if length == 0 {
        return Vec::new();
    }
    // SAFETY: promised by the caller.
    unsafe { slice::from_raw_parts(data.cast::<u8>(), length) }.to_vec()
}

#[unsafe(no_mangle)]
extern "C" fn shim_log_enabled(level: c_int) -> c_int {
    with(|d| c_int::from(i64::from(level) <= d.config.int("debug.level")))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_log(level: c_int, text: *const c_char) {
    let level = match level {
        0 => "error",
        1 => "warn",
        2 => "info",
        _ => "debug",
    };
    // SAFETY: shim.c passes its own buffer.
    log(level, &unsafe { to_string(text) });
}
