//! Faults of a run: those of the start, those that a person arms on the page, and their journal.
//! The local cloud carries out its own faults; those of devices are carried out here.
//!
//! Must not know: how the page shows them.

mod injector;
mod journal;
mod kind;

use anyhow::{Result, bail};
use local_cloud::Fault;
use local_cloud::fault::{DeviceEffect, Schedule};

pub use self::injector::Injector;
use crate::device::Device;

/// The faults of the start.
#[derive(Debug)]
pub struct Faults {
    /// Faults of the cloud.
    pub cloud: Vec<Fault>,
    pub devices: Vec<DeviceFault>,
}

/// A fault of a device.
#[derive(Debug, Clone)]
pub struct DeviceFault {
    effect: DeviceEffect,
    thing: String,
    schedule: Schedule,
}

impl DeviceFault {
    /// The fault if it is one of a device, or else the fault of the cloud.
    fn of(fault: Fault) -> Result<Self, Fault> {
        match fault {
            Fault::Device {
                effect,
                target,
                when,
            } => Ok(Self {
                effect,
                thing: target,
                schedule: when,
            }),
            fault => Err(fault),
        }
    }

    /// It as it is written.
    fn spec(&self) -> String {
        let (effect, target, when) = (self.effect, self.thing.clone(), self.schedule);
        let fault = Fault::Device {
            effect,
            target,
            when,
        };
        fault.to_string()
    }

    /// Begins or ends it.
    async fn switch(&self, device: &Device, begins: bool) -> Result<()> {
        match self.effect {
            DeviceEffect::Power => device.set_power(!begins).await,
            DeviceEffect::Network => device.set_network(!begins).await,
            DeviceEffect::Clock => device.set_hearing(!begins).await,
            DeviceEffect::Drift(ppm) => device.set_drift(ppm).await,
        }
    }
}

impl Faults {
    /// Splits faults into those of the cloud and those of devices.
    pub fn new(faults: Vec<Fault>) -> Self {
        let (mut cloud, mut devices) = (Vec::new(), Vec::new());
        for fault in faults {
            match DeviceFault::of(fault) {
                Ok(fault) => devices.push(fault),
                Err(fault) => cloud.push(fault),
            }
        }
        Self { cloud, devices }
    }

    /// Checks that each fault of a device names one of `devices`.
    pub fn check_devices(&self, devices: &[&str]) -> Result<()> {
        let is_there = |fault: &&DeviceFault| devices.contains(&fault.thing.as_str());
        if let Some(fault) = self.devices.iter().find(|fault| !is_there(fault)) {
            let (what, thing) = (fault.effect.name(), &fault.thing);
            let there = devices.join(", ");
            bail!("--fault {what}:{thing}: no device {thing} runs here; the devices are {there}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_split_between_cloud_and_devices() {
        let specs = [
            "drop:a/+@5%",
            "power:lock-1@t=20s+3s",
            "drift:lock-1@t=0s-200ppm",
            "kill:press.after-commit@1",
        ];
        let faults = specs.map(|spec| spec.parse().expect("a fault"));
        let faults = Faults::new(faults.to_vec());
        assert_eq!((faults.cloud.len(), faults.devices.len()), (2, 2));
        assert_eq!(faults.devices[0].spec(), "power:lock-1@t=20000ms+3000ms");
        let here = faults.check_devices(&["button-1", "lock-1"]);
        here.expect("lock-1 is there");
        let error = faults.check_devices(&["button-1", "lock-2"]);
        assert_eq!(
            error.expect_err("lock-1 is not there").to_string(),
            "--fault power:lock-1: no device lock-1 runs here; the devices are button-1, lock-2"
        );
    }
}
