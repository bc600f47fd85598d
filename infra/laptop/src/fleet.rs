//! The virtual devices of a stack by thing name, and one stream of the lines that they print.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::broadcast;

use crate::device::{Device, DeviceLine, DeviceOptions, Kind};

/// Lines buffered for a slow subscriber.
const LINES_MAX: usize = 4096;
/// Time between two looks for a program that has ended.
const CHECK_EVERY: Duration = Duration::from_millis(250);

/// The devices that run on this machine.
#[derive(Debug)]
pub struct Fleet {
    devices: BTreeMap<String, Device>,
    lines: broadcast::Sender<DeviceLine>,
}

impl Fleet {
    /// Creates the devices without power.
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

    /// The things that have a device here.
    pub fn things(&self) -> Vec<&str> {
        self.devices.keys().map(String::as_str).collect()
    }

    /// The first thing of a kind.
    pub fn first(&self, kind: Kind) -> Option<&str> {
        let mut devices = self.devices.values();
        let first = devices.find(|device| device.kind() == kind);
        first.map(Device::thing)
    }

    /// The lines that any device prints after this call.
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

    /// Waits until the program of a device with power has ended by itself. Returns its thing.
    pub async fn wait_for_end(&self) -> &str {
        let mut checks = tokio::time::interval(CHECK_EVERY);
        loop {
            checks.tick().await;
            for device in self.devices.values() {
                if device.has_ended().await {
                    return device.thing();
                }
            }
        }
    }

    /// Restarts every powered device with the current program.
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
