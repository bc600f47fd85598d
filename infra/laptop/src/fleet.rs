//! The virtual devices of a stack by thing name, and one stream of their lines.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio::sync::broadcast;

use crate::device::{Device, DeviceLine, DeviceOptions, Kind};

/// Lines that may wait for a slow listener.
const LINES_MAX: usize = 4096;

/// All devices that can be powered here.
#[derive(Debug)]
pub struct Fleet {
    devices: BTreeMap<String, Device>,
    lines: broadcast::Sender<DeviceLine>,
}

impl Fleet {
    /// Devices without power.
    pub fn new(options: Vec<DeviceOptions>) -> Self {
        let (lines, _) = broadcast::channel(LINES_MAX);
        let device = |options: DeviceOptions| {
            let thing = options.thing.clone();
            (thing, Device::new(options, lines.clone()))
        };
        let devices = options.into_iter().map(device).collect();
        Self { devices, lines }
    }

    /// The device of a thing, if it runs here.
    pub fn device(&self, thing: &str) -> Option<&Device> {
        self.devices.get(thing)
    }

    /// The lines of all devices from this moment.
    pub fn subscribe(&self) -> broadcast::Receiver<DeviceLine> {
        self.lines.subscribe()
    }

    /// Powers every device of a kind.
    pub async fn power_on(&self, kind: Kind) -> Result<()> {
        for device in self.devices.values().filter(|device| device.kind() == kind) {
            device.set_power(true).await?;
        }
        Ok(())
    }

    /// Restarts every powered device, with the present program.
    pub async fn restart(&self) -> Result<()> {
        for device in self
            .devices
            .values()
            .filter(|device| device.state().powered)
        {
            device.set_power(false).await?;
            device.set_power(true).await?;
        }
        Ok(())
    }

    /// Cuts the power of every device.
    pub async fn power_off(&self) -> Result<()> {
        for device in self.devices.values() {
            device.set_power(false).await?;
        }
        Ok(())
    }
}
