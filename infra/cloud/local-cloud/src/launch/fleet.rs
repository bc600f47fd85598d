//! The services for many devices: jobs and provisioning.
//!
//! Must not know: what they do.

use super::{StartError, Tasks};
use crate::Options;
use crate::broker::Broker;
use crate::clock::Clock;
use crate::iam::Iam;
use crate::job::JobService;
use crate::provisioning::Provisioning;
use crate::registry::Registry;
use lambda_host::Functions;

/// Both services, open.
pub(super) struct Fleet {
    pub jobs: JobService,
    pub provisioning: Provisioning,
}

impl Fleet {
    pub fn open(
        options: &Options,
        registry: &Registry,
        broker: &Broker,
        clock: Clock,
        iam: &Iam,
    ) -> Result<Self, StartError> {
        let kept = || options.data_dir.clone();
        let (registry, broker) = (registry.clone(), broker.clone());
        let (records, sender) = (registry.clone(), broker.clone());
        Ok(Self {
            jobs: JobService::open(kept(), records, sender, clock, options.time_scale)?,
            provisioning: Provisioning::open(kept(), registry, broker, clock, iam.clone())?,
        })
    }

    /// Runs both until everything stops.
    pub fn run(&self, broker: &Broker, functions: &Functions, tasks: &mut Tasks) {
        let requests = broker.tap_for(iot_topic::is_job_request);
        tasks.spawn(self.jobs.clone().run(requests));
        let requests = broker.tap_for(iot_topic::is_provisioning_request);
        let provisioning = self.provisioning.clone();
        tasks.spawn(provisioning.run(functions.clone(), requests));
    }
}
