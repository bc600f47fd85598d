//! The device of this thread, which the firmware runs on.

use std::cell::RefCell;

use crate::device::Device;

thread_local! {
    static DEVICE: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// Makes `device` the one that the firmware on this thread runs on.
pub fn install(device: Device) {
    DEVICE.with(|cell| *cell.borrow_mut() = Some(device));
}

/// Borrows the device of this thread for `work`, which must not call the firmware: that would
/// borrow the device again.
///
/// # Panics
/// No device is installed, or it is borrowed already.
pub fn with<R>(work: impl FnOnce(&mut Device) -> R) -> R {
    DEVICE.with(|cell| {
        let mut device = cell.borrow_mut();
        work(
            device
                .as_mut()
                .expect("the device is installed before the firmware runs"),
        )
    })
}
