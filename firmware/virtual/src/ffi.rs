//! The boundary to C: the functions that the firmware calls, and the calls into it.
//!
//! Everything here runs on the device's thread. No function calls back into C while it borrows the
//! device, and [`run`] borrows nothing while it calls.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

mod board;
mod config;
mod network;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, c_char, c_int, c_longlong, c_ulong, c_void};
use std::slice;

use crate::call::{Call, Context, MqttCallback, Packet};
use crate::current::with;
use crate::output::log;

unsafe extern "C" {
    fn mgos_app_init() -> c_int;
    fn shim_mqtt_take_flags() -> c_ulong;
    fn harness_install() -> c_int;
    fn shim_shift_time(ms: c_longlong);
    fn shim_forget_time();
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
    topic: MgStr,
    payload: MgStr,
    id: u16,
}

/// `mgos_app_init`. Returns whether the firmware accepted its configuration.
pub fn start_app() -> bool {
    // SAFETY: the device is installed on this thread and not borrowed.
    unsafe { mgos_app_init() == 0 }
}

/// Writes the journal of an installed board unless there is one. Returns whether there is one now.
pub fn install_board() -> bool {
    // SAFETY: the device is installed on this thread and not borrowed.
    unsafe { harness_install() == 0 }
}

/// Takes the flags that the firmware set on its connection since the last poll.
pub fn take_connection_flags() -> u64 {
    // SAFETY: shim.c reads and clears a static of its own, on this thread.
    unsafe { shim_mqtt_take_flags() }
}

/// Makes a call into the firmware.
pub fn run(call: &Call) {
    // SAFETY: the firmware passed callback and context together, and its callbacks live as long as
    // the process; the other arguments live until the callback returns, which is all that Mongoose
    // OS promises; the device is not borrowed. The two about the time change a static of the
    // firmware, on this thread.
    unsafe {
        match call {
            Call::Timer(callback, context) => callback(context.0),
            Call::ShiftTime(seconds) => shim_shift_time(seconds.saturating_mul(1000)),
            Call::ForgetTime => shim_forget_time(),
            Call::Pin(callback, pin, context) => callback(*pin, context.0),
            Call::Event(callback, event, context) => {
                let mut data = NetEvent {
                    interface: 0,
                    instance: 0,
                };
                callback(*event, (&raw mut data).cast(), context.0);
            }
            Call::Mqtt(callback, event, packet, context) => {
                run_mqtt(*callback, *event, packet.as_ref(), *context);
            }
        }
    }
}

/// Bytes around a text in a buffer without a NUL after it: to a firmware that reads too far, they
/// complete a truncated JSON text. The NUL at the end only stops a read that runs away.
const BEFORE: &[u8] = b"{\"v\":";
const AFTER: &[u8] = b"\"}}}}}}}}\0";

/// A text between those bytes.
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
        topic: topic.inside(),
        payload: payload.inside(),
        id: packet.id,
    };
    call((&raw mut message).cast());
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
