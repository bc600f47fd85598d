//! The virtual devices of a stack, by thing name, and one stream of what they all say.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio::sync::broadcast;

use crate::device::{Device, Kind, Notice, Plan};

/// How many device lines may wait for a slow listener.
const NOTICES_MAX: usize = 4096;

/// All devices that can be powered here.
#[derive(Debug)]
pub struct Fleet {
    devices: BTreeMap<String, Device>,
    notices: broadcast::Sender<Notice>,
}

impl Fleet {
    /// Devices as planned, none of them powered.
    pub fn new(plans: Vec<Plan>) -> Self {
        let (notices, _) = broadcast::channel(NOTICES_MAX);
        let devices = plans
            .into_iter()
            .map(|plan| (plan.thing.clone(), Device::new(plan, notices.clone())))
            .collect();
        Self { devices, notices }
    }

    /// The device of a thing, if it has one here.
    pub fn device(&self, thing: &str) -> Option<&Device> {
        self.devices.get(thing)
    }

    /// What the devices say from now on.
    pub fn listen(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Gives power to every device of a kind.
    pub async fn power_on(&self, kind: Kind) -> Result<()> {
        for device in self.devices.values().filter(|device| device.kind() == kind) {
            device.power(true).await?;
        }
        Ok(())
    }

    /// Restarts every device that has power, with the program as it is now.
    pub async fn restart(&self) -> Result<()> {
        for device in self.devices.values().filter(|d| d.seen().powered) {
            device.power(false).await?;
            device.power(true).await?;
        }
        Ok(())
    }

    /// Cuts the power of every device.
    pub async fn power_off(&self) -> Result<()> {
        for device in self.devices.values() {
            device.power(false).await?;
        }
        Ok(())
    }
}
