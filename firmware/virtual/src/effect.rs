//! What a part of the device asks the device to do, because a part changes only its own state.

use std::time::Duration;

use crate::call::Call;
use crate::timer::Task;

/// One request to the device.
#[derive(Debug)]
pub enum Effect {
    /// Make a call into the firmware, after those that wait.
    Call(Call),
    /// Make a call into the firmware, before those that wait.
    CallNext(Call),
    /// Start a timer of the shim: delay, task.
    StartTimer(Duration, Task),
    /// Try to connect after this delay, give or take a tenth; replaces an earlier such request.
    Reconnect(Duration),
}
