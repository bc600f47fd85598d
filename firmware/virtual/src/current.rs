//! The device of this thread, which the firmware runs on.

use std::cell::RefCell;

use crate::device::Device;

thread_local! {
    static DEVICE: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// Makes `device` the one that the firmware on this thread runs on.
pub fn install(device: Device) {
    DEVICE.set(Some(device));
}

/// Borrows the device of this thread for `work`, which must not call the firmware: that would
/// borrow the device again.
pub fn with<R>(work: impl FnOnce(&mut Device) -> R) -> R {
    DEVICE.with_borrow_mut(|device| {
        let device = device.as_mut();
        work(device.expect("the device is installed before the firmware runs"))
    })
}
