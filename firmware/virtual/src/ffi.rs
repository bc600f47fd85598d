//! The border to C, and the only place with unsafe code: the functions the firmware calls, and the calls into it.
//!
//! Everything here runs on the device's one thread. A function never calls back into C while it holds the device, and
//! [`run`] holds nothing while it calls.
#![allow(unsafe_code, reason = "this module is the border to C")]

use std::ffi::{CStr, CString, c_char, c_int, c_ulong, c_void};
use std::os::unix::process::CommandExt as _;
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, process, slice};

use crate::call::{
    Call, Context, EventCallback, EventData, MessageCallback, MqttCallback, PinCallback,
    TimerCallback,
};
use crate::config::Value;
use crate::device::with;
use crate::output::{Output, emit, log};
use crate::timer::Task;

unsafe extern "C" {
    fn mgos_app_init() -> c_int;
    fn shim_mqtt_take_flags() -> c_ulong;
}

/// `struct mg_str`
#[repr(C)]
struct MgStr {
    p: *const u8,
    len: usize,
}

/// `struct mgos_shadow_error`
#[repr(C)]
struct ShadowError {
    code: c_int,
    message: MgStr,
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
    id: u16,
    code: u8,
}

/// Working directory at start, to which the arguments are relative.
static START_DIRECTORY: OnceLock<std::path::PathBuf> = OnceLock::new();

/// Remembers where the process was started, for [`mgos_system_restart`].
pub fn remember_start_directory() -> std::io::Result<()> {
    let directory = env::current_dir()?;
    START_DIRECTORY.get_or_init(|| directory);
    Ok(())
}

/// Starts the firmware. Returns whether it accepted its configuration.
pub fn start_app() -> bool {
    // SAFETY: the device is installed on this thread and nobody holds it.
    unsafe { mgos_app_init() == 0 }
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
            Call::Message(callback, topic, payload, context) => callback(
                std::ptr::null_mut(),
                topic.as_ptr(),
                length(topic),
                payload.as_ptr(),
                length(payload),
                context.0,
            ),
            Call::Mqtt(callback, event, packet, context) => {
                let mut message = packet.map(|(id, code)| MqttMessage {
                    cmd: event - 200,
                    id,
                    code,
                });
                let data = message
                    .as_mut()
                    .map_or(std::ptr::null_mut(), |m| (&raw mut *m).cast());
                callback(std::ptr::null_mut(), *event, data, context.0);
            }
        }
    }
}

fn length(bytes: &[u8]) -> c_int {
    c_int::try_from(bytes.len()).expect("packets are bounded far below 2 GiB")
}

/// # Safety
/// As for the calls in [`run`].
unsafe fn run_event(callback: EventCallback, event: i32, data: &EventData, context: Context) {
    let text = |bytes: &[u8]| MgStr {
        p: bytes.as_ptr(),
        len: bytes.len(),
    };
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
        EventData::Text(bytes) => {
            let mut arg = text(bytes);
            call((&raw mut arg).cast());
        }
        EventData::ShadowError(code, message) => {
            let mut arg = ShadowError {
                code: *code,
                message: text(message),
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

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_fatal(text: *const c_char) {
    // SAFETY: shim.c passes a literal.
    log("error", &unsafe { to_string(text) });
    process::exit(1);
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_shadow_update(version: u64, reported: *const u8, length: usize) -> bool {
    // SAFETY: shim.c passes a string with its length.
    let reported = unsafe { to_bytes(reported.cast(), length) };
    with(|d| d.shadow_update(version, &String::from_utf8_lossy(&reported)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_text(key: *const c_char) -> *const c_char {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| match d.config.value(&key) {
        // Lives until the setting is replaced, as in Mongoose OS; an empty one is NULL there.
        Value::Text(text) if !text.is_empty() => text.as_ptr(),
        _ => std::ptr::null(),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_int(key: *const c_char) -> c_int {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| c_int::try_from(d.config.int(&key)).unwrap_or(c_int::MAX))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_double(key: *const c_char) -> f64 {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| d.config.double(&key))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_set_text(key: *const c_char, value: *const c_char) {
    // SAFETY: the generated accessors pass a literal, and the firmware a string or NULL.
    let (key, value) = unsafe {
        let value = if value.is_null() {
            CString::default()
        } else {
            CStr::from_ptr(value).to_owned()
        };
        (to_string(key), value)
    };
    with(|d| d.config.replace(&key, Value::Text(value)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_set_int(key: *const c_char, value: c_int) {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| {
        let value = match d.config.value(&key) {
            Value::Bool(_) => Value::Bool(value != 0),
            _ => Value::Int(value.into()),
        };
        d.config.replace(&key, value);
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_set_double(key: *const c_char, value: f64) {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| d.config.replace(&key, Value::Double(value)));
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_set_mode(pin: c_int, mode: c_int) -> bool {
    with(|d| d.pin_set_mode(pin, mode))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_read_out(pin: c_int) -> bool {
    with(|d| d.pin_read_out(pin))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_toggle(pin: c_int) -> bool {
    with(|d| {
        let level = !d.pin_read_out(pin);
        d.pin_write(pin, level);
        level
    })
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_setup_output(pin: c_int, level: bool) -> bool {
    with(|d| d.pin_setup_output(pin, level))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_read(pin: c_int) -> bool {
    with(|d| d.pin_read(pin))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_gpio_write(pin: c_int, level: bool) {
    with(|d| d.pin_write(pin, level));
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
    with(|d| d.pin_handle(pin, pull, edge, debounce_ms, callback, Context(context)))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_set_timer(
    after_ms: c_int,
    flags: c_int,
    callback: TimerCallback,
    context: *mut c_void,
) -> usize {
    let interval = Duration::from_millis(u64::try_from(after_ms).unwrap_or(0));
    let repeat = (flags & 1 != 0).then_some(interval);
    let after = if flags & 2 != 0 {
        Duration::ZERO
    } else {
        interval
    };
    with(|d| {
        d.timers
            .start(after, repeat, Task::App(callback, Context(context)))
    })
}

#[unsafe(no_mangle)]
extern "C" fn mgos_clear_timer(id: usize) {
    with(|d| d.timers.stop(id));
}

#[unsafe(no_mangle)]
extern "C" fn mgos_uptime() -> f64 {
    with(|d| d.clock.uptime_s())
}

#[unsafe(no_mangle)]
extern "C" fn mg_time() -> f64 {
    with(|d| d.clock.wall_s())
}

#[unsafe(no_mangle)]
extern "C" fn mgos_sntp_get_last_synced_uptime() -> f64 {
    with(|d| d.clock.synced_uptime_s())
}

#[unsafe(no_mangle)]
extern "C" fn mgos_wifi_sta_get_rssi() -> c_int {
    with(|d| if d.network_is_up { -61 } else { 0 })
}

/// What an ESP8266 has left for the heap once Mongoose OS, Wi-Fi and one TLS connection are up, about.
const HEAP_BYTES: usize = 51_560;
const HEAP_FREE_BYTES: usize = 27_136;
const HEAP_FREE_LEAST_BYTES: usize = 19_408;

#[unsafe(no_mangle)]
extern "C" fn mgos_get_heap_size() -> usize {
    HEAP_BYTES
}

#[unsafe(no_mangle)]
extern "C" fn mgos_get_free_heap_size() -> usize {
    HEAP_FREE_BYTES
}

#[unsafe(no_mangle)]
extern "C" fn mgos_get_min_free_heap_size() -> usize {
    HEAP_FREE_LEAST_BYTES
}

#[unsafe(no_mangle)]
extern "C" fn mgos_rand_range(from: f32, to: f32) -> f32 {
    // The standard library's only source of randomness is that of its hash maps.
    let number = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0_u8);
    let fraction = (number >> 40) as f32 / (1_u64 << 24) as f32;
    from + (to - from) * fraction
}

/// Starts the program anew in this process: the parent keeps its pipes, the pins lose their levels.
#[unsafe(no_mangle)]
extern "C" fn mgos_system_restart() -> ! {
    emit(&Output::Reboot);
    let mut arguments = env::args_os();
    let program =
        env::current_exe().unwrap_or_else(|_| arguments.next().unwrap_or_default().into());
    let mut command = process::Command::new(program);
    command.args(env::args_os().skip(1));
    if let Some(directory) = START_DIRECTORY.get() {
        command.current_dir(directory);
    }
    let error = command.exec();
    log("error", &format!("shim: cannot restart: {error}"));
    process::exit(1);
}

#[unsafe(no_mangle)]
extern "C" fn mgos_event_add_handler(
    event: c_int,
    callback: EventCallback,
    context: *mut c_void,
) -> bool {
    with(|d| d.add_handler(event, callback, Context(context)));
    true
}

#[unsafe(no_mangle)]
extern "C" fn mgos_event_add_group_handler(
    group: c_int,
    callback: EventCallback,
    context: *mut c_void,
) -> bool {
    with(|d| d.add_group_handler(group, callback, Context(context)));
    true
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_add_global_handler(callback: MqttCallback, context: *mut c_void) {
    with(|d| d.mqtt.add_global_handler(callback, Context(context)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mgos_mqtt_sub(
    topic: *const c_char,
    callback: MessageCallback,
    context: *mut c_void,
) {
    // SAFETY: the firmware passes a NUL-terminated string.
    let topic = unsafe { to_string(topic) };
    with(|d| d.mqtt_sub(&topic, callback, Context(context)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mgos_mqtt_pub(
    topic: *const c_char,
    message: *const c_void,
    length: usize,
    qos: c_int,
    retain: bool,
) -> u16 {
    // SAFETY: the firmware passes a NUL-terminated topic, and a message with its length.
    let (topic, payload) = unsafe { (to_string(topic), to_bytes(message, length)) };
    with(|d| d.mqtt_pub(&topic, &payload, u8::try_from(qos).unwrap_or(0), retain))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_global_connect() -> bool {
    with(crate::device::Device::mqtt_connect)
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_global_disconnect() {
    with(crate::device::Device::mqtt_disconnect);
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_global_is_connected() -> bool {
    with(|d| d.mqtt.is_connected())
}

#[unsafe(no_mangle)]
extern "C" fn shim_mqtt_has_connection() -> bool {
    with(|d| d.mqtt.has_connection())
}
