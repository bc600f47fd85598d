//! The transcription of the device held to the firmware's own C: by the vectors that the C tests read too, and by running
//! both side by side on random events.

mod device {
    pub mod bench;
    pub mod event;
    pub mod vector;
}
