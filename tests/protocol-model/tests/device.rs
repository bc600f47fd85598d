//! The transcription of the device, held to the firmware's C by shared vectors and random events.

mod device {
    pub mod bench;
    pub mod event;
    pub mod vector;
}
