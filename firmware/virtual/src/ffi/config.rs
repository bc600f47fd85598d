//! The generated accessors of the configuration, as the firmware calls them.
//!
//! Must not know: what a setting means.
#![allow(unsafe_code, reason = "this module is the border to C")]

use std::ffi::{CStr, CString, c_char, c_int};

use super::to_string;
use crate::config::Value;
use crate::current::with;

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_text(key: *const c_char) -> *const c_char {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| match d.config.value(&key) {
        // Valid until the setting is replaced, and NULL if it is empty, both as in Mongoose OS.
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
    let (key, value) = unsafe { (to_string(key), to_text(value)) };
    with(|d| d.config.replace(&key, value));
}

/// # Safety
/// `text` is NULL or points to a NUL-terminated string.
unsafe fn to_text(text: *const c_char) -> Value {
    Value::Text(if text.is_null() {
        CString::default()
    } else {
        // SAFETY: promised by the caller.
        unsafe { CStr::from_ptr(text) }.to_owned()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_set_int(key: *const c_char, value: c_int) {
    // SAFETY: the generated accessors pass a literal.
    let key = unsafe { to_string(key) };
    with(|d| {
        let value = d.config.value_of_int(&key, value);
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
unsafe extern "C" fn shim_mqtt_offer_text(key: *const c_char, value: *const c_char) {
    // SAFETY: the generated function passes a literal, and a member of the firmware's struct.
    let (key, value) = unsafe { (to_string(key), to_text(value)) };
    with(|d| d.mqtt.offer(key, value));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_mqtt_offer_int(key: *const c_char, value: c_int) {
    // SAFETY: the generated function passes a literal.
    let key = unsafe { to_string(key) };
    with(|d| {
        let value = d.config.value_of_int(&key, value);
        d.mqtt.offer(key, value);
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_mqtt_offer_double(key: *const c_char, value: f64) {
    // SAFETY: the generated function passes a literal.
    let key = unsafe { to_string(key) };
    with(|d| d.mqtt.offer(key, Value::Double(value)));
}

#[unsafe(no_mangle)]
extern "C" fn shim_mqtt_take_offer(is_system: bool) -> bool {
    with(|d| d.mqtt.take_offer(is_system))
}
