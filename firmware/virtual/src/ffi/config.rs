//! The generated accessors of the configuration, as the firmware calls them.
//!
//! Must not know: what a setting means.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

use std::ffi::{CStr, CString, c_char, c_int};

use crate::config::Value;
use crate::current::with;

/// Key of a setting, from C.
#[repr(transparent)]
struct Key(*const c_char);

impl Key {
    fn text(&self) -> &str {
        // SAFETY: only the generated functions pass keys, and they pass string literals.
        let key = unsafe { CStr::from_ptr(self.0) };
        key.to_str().expect("keys are ASCII")
    }
}

/// # Safety
/// `text` is NULL or points to a NUL-terminated string.
unsafe fn to_value(text: *const c_char) -> Value {
    Value::Text(if text.is_null() {
        CString::default()
    } else {
        // SAFETY: promised by the caller.
        unsafe { CStr::from_ptr(text) }.to_owned()
    })
}

#[unsafe(no_mangle)]
extern "C" fn shim_config_text(key: Key) -> *const c_char {
    with(|d| match d.config.value(key.text()) {
        // Valid until the setting is replaced, and NULL if it is empty, both as in Mongoose OS.
        Value::Text(text) if !text.is_empty() => text.as_ptr(),
        _ => std::ptr::null(),
    })
}

#[unsafe(no_mangle)]
extern "C" fn shim_config_int(key: Key) -> c_int {
    with(|d| c_int::try_from(d.config.int(key.text())).unwrap_or(c_int::MAX))
}

#[unsafe(no_mangle)]
extern "C" fn shim_config_double(key: Key) -> f64 {
    with(|d| d.config.double(key.text()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_config_set_text(key: Key, value: *const c_char) {
    // SAFETY: the firmware passes a string or NULL.
    let value = unsafe { to_value(value) };
    with(|d| d.config.replace(key.text(), value));
}

#[unsafe(no_mangle)]
extern "C" fn shim_config_set_int(key: Key, value: c_int) {
    with(|d| {
        let value = d.config.value_of_int(key.text(), value);
        d.config.replace(key.text(), value);
    });
}

#[unsafe(no_mangle)]
extern "C" fn shim_config_set_double(key: Key, value: f64) {
    with(|d| d.config.replace(key.text(), Value::Double(value)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn shim_mqtt_offer_text(key: Key, value: *const c_char) {
    // SAFETY: a text in the firmware's struct is a string or NULL.
    let value = unsafe { to_value(value) };
    with(|d| d.mqtt.offer(key.text(), value));
}

#[unsafe(no_mangle)]
extern "C" fn shim_mqtt_offer_int(key: Key, value: c_int) {
    with(|d| {
        let value = d.config.value_of_int(key.text(), value);
        d.mqtt.offer(key.text(), value);
    });
}

#[unsafe(no_mangle)]
extern "C" fn shim_mqtt_offer_double(key: Key, value: f64) {
    with(|d| d.mqtt.offer(key.text(), Value::Double(value)));
}

#[unsafe(no_mangle)]
extern "C" fn shim_mqtt_take_offer(is_system: bool) -> bool {
    with(|d| d.mqtt.take_offer(is_system))
}
