//! Carries out the faults of devices (power, network, clock, drift) on schedule. The local cloud
//! carries out its own faults.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use local_cloud::Fault;
use local_cloud::fault::{DeviceEffect, Schedule};
use serde_json::json;

use crate::board::Board;
use crate::device::Device;
use crate::fleet::Fleet;

/// The faults of a run.
#[derive(Debug)]
pub struct Faults {
    /// Faults of the cloud.
    pub cloud: Vec<Fault>,
    devices: Vec<DeviceFault>,
}

#[derive(Debug, Clone)]
struct DeviceFault {
    effect: DeviceEffect,
    thing: String,
    schedule: Schedule,
}

impl Faults {
    /// Splits faults into those of the cloud and those of devices.
    pub fn new(faults: Vec<Fault>) -> Self {
        let (mut cloud, mut devices) = (Vec::new(), Vec::new());
        for fault in faults {
            match fault {
                Fault::Device {
                    effect,
                    target,
                    when,
                } => devices.push(DeviceFault {
                    effect,
                    thing: target,
                    schedule: when,
                }),
                fault => cloud.push(fault),
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

    /// Carries out the faults of devices, timed from this call, then waits until dropped.
    pub async fn run(&self, fleet: &Arc<Fleet>, board: &Arc<Board>) -> Result<()> {
        let mut running = tokio::task::JoinSet::new();
        for fault in self.devices.clone() {
            let (fleet, board) = (Arc::clone(fleet), Arc::clone(board));
            running.spawn(async move { fault.carry_out(&fleet, &board).await });
        }
        while let Some(outcome) = running.join_next().await {
            outcome.context("a fault's task has panicked")??;
        }
        std::future::pending().await
    }
}

impl DeviceFault {
    async fn carry_out(&self, fleet: &Fleet, board: &Board) -> Result<()> {
        let device = fleet
            .device(&self.thing)
            .with_context(|| format!("fault {}: no device {}", self.effect.name(), self.thing))?;
        tokio::time::sleep(self.schedule.at).await;
        self.switch(device, true).await?;
        board.touch_device(&self.thing);
        if let Some(lasts) = self.schedule.lasts {
            tokio::time::sleep(lasts).await;
            self.switch(device, false).await?;
            board.touch_device(&self.thing);
        }
        Ok(())
    }

    /// Begins or ends the fault.
    async fn switch(&self, device: &Device, begins: bool) -> Result<()> {
        match self.effect {
            DeviceEffect::Power => device.set_power(!begins).await,
            DeviceEffect::Network => device.set_network(!begins).await,
            DeviceEffect::Clock => device.set_clock("hears_time", json!(!begins)).await,
            DeviceEffect::Drift(ppm) => device.set_clock("drift_ppm", json!(ppm)).await,
        }
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
        let here = faults.check_devices(&["button-1", "lock-1"]);
        here.expect("lock-1 is there");
        let error = faults.check_devices(&["button-1", "lock-2"]);
        assert_eq!(
            error.expect_err("lock-1 is not there").to_string(),
            "--fault power:lock-1: no device lock-1 runs here; the devices are button-1, lock-2"
        );
    }
}
