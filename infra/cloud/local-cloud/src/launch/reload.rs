//! Applies a changed template or changed code while everything runs. Only what has changed is
//! replaced; data and connections stay.
//!
//! A reload has two phases. [`Reloader::check`] builds everything that can be refused and changes
//! nothing; [`Reloader::apply`] cannot fail. Between them the registry, which has other writers,
//! checks and changes its records in one step, all or nothing. Must not know: how a change was
//! noticed.

mod alarm;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::AbortHandle;

use super::{StartError, place, program, until_stop};
use crate::Options;
use crate::alarm::AlarmRunner;
use crate::broker::message::Message;
use crate::caller::Callers;
use crate::event::{EventBus, EventKind};
use crate::event_source::{self, Joint, Reader, SourceError};
use crate::fault::{Faults, Targets};
use crate::iam::Roles;
use crate::notification::Declared;
use crate::provisioning::{self, Provisioning};
use crate::registry::{Registry, RegistryError};
use crate::rule::{RuleEngine, Services};
use crate::schedule::{self, ScheduleRunner};
use crate::stack::Stack;
use lambda_host::{Functions, Replacement, Wiring};
use sam_template::{Alarm, Schedule, Template};

/// Why a change is refused; everything keeps running unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The local cloud could not be started with the changed template either.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A change of something that holds data.
    #[error("{what} has changed, and it holds data: restart to apply the change")]
    NeedsRestart {
        /// Which kind of resource.
        what: &'static str,
    },
}

/// What a reload needs to replace running parts.
pub(crate) struct Reloader {
    pub options: Options,
    pub wiring: Wiring,
    pub functions: Functions,
    pub callers: Callers,
    pub registry: Registry,
    pub provisioning: Provisioning,
    pub services: Services,
    pub schedule_runner: ScheduleRunner,
    pub reader: Reader,
    pub alarm_runner: AlarmRunner,
    pub events: EventBus,
    pub faults: Arc<Faults>,
    pub stack: Stack,
    pub stopping: watch::Receiver<bool>,
    pub engines: mpsc::UnboundedSender<RuleEngine>,
    pub running: Mutex<Running>,
}

/// A checked change: everything new that could have been refused.
pub(super) struct Plan {
    template: Template,
    roles: Roles,
    topics: Declared,
    functions: Replacement,
    engine: RuleEngine,
    sources: Vec<Joint>,
}

/// What runs now.
#[derive(Default)]
pub(crate) struct Running {
    pub template: Template,
    schedules: Vec<(Schedule, AbortHandle)>,
    sources: Vec<(Joint, AbortHandle)>,
    alarms: Vec<(Alarm, AbortHandle)>,
}

impl Reloader {
    /// Starts the schedules and event sources of the first template.
    ///
    /// # Errors
    ///
    /// See [`SourceError`].
    pub async fn begin(&self, template: Template) -> Result<(), SourceError> {
        let mut running = self.running.lock().await;
        let sources = event_source::joints(&template)?;
        let templates = &template.provisioning_templates;
        self.provisioning.replace(&[], templates);
        self.schedule(&mut running, &template);
        self.watch_alarms(&mut running, &template);
        self.read_sources(&mut running, &template, sources).await;
        running.template = template;
        Ok(())
    }

    /// Applies the template as it is now, and the code of the functions with these logical ids.
    pub async fn reload(&self, rebuilt: &BTreeSet<String>) -> Result<Vec<String>, ReloadError> {
        let outcome = self.try_reload(rebuilt).await;
        match &outcome {
            Ok(changed) if changed.is_empty() => {}
            Ok(changed) => self.events.emit(EventKind::Reloaded {
                changed: changed.clone(),
            }),
            Err(error) => self.events.emit(EventKind::ReloadRefused {
                reason: crate::narrate::chain(error),
            }),
        }
        outcome
    }

    async fn try_reload(&self, rebuilt: &BTreeSet<String>) -> Result<Vec<String>, ReloadError> {
        let mut running = self.running.lock().await;
        let plan = self.check(&running.template, rebuilt)?;
        let old = &running.template.iot_policies;
        let policies = self.registry.change_stack(old, &plan.template);
        let refused =
            |error: RegistryError| place::located(StartError::from(error), &plan.template);
        let mut changed = policies.map_err(refused)?;
        changed.extend(self.apply(&mut running, plan).await);
        self.stack.update(&running.template, !changed.is_empty());
        Ok(changed)
    }

    /// Builds everything new from the template as it is now, and changes nothing.
    fn check(&self, old: &Template, rebuilt: &BTreeSet<String>) -> Result<Plan, ReloadError> {
        let template = place::load(&self.options).map_err(StartError::from)?;
        check_stores(old, &template)?;
        let plan = self.plan(template.clone(), rebuilt);
        Ok(plan.map_err(|error| place::located(error, &template))?)
    }

    /// Builds everything that `template` needs, and changes nothing.
    pub(super) fn plan(
        &self,
        template: Template,
        rebuilt: &BTreeSet<String>,
    ) -> Result<Plan, StartError> {
        let programs = program::programs(&self.options, &template, &self.services.folder)?;
        let wiring = Wiring {
            binaries: programs.binaries,
            interpreters: programs.interpreters,
            layers: programs.layers,
            ..self.wiring.clone()
        };
        let functions = template.functions.clone();
        let functions = self.functions.check(functions, &wiring, rebuilt);
        let engine = RuleEngine::new(&template, self.services.clone());
        let roles = self.services.iam.read_roles(&template);
        let topics = Declared::read(&template, &self.services.account);
        let sources = event_source::joints(&template);
        provisioning::check(&template.provisioning_templates)?;
        Ok(Plan {
            functions: functions?,
            engine: engine?,
            roles: roles?,
            topics: topics.map_err(StartError::from)?,
            sources: sources.map_err(StartError::from)?,
            template,
        })
    }

    /// Replaces what runs, and returns the names of what is new, changed or removed.
    pub(super) async fn apply(&self, running: &mut Running, plan: Plan) -> Vec<String> {
        let template = plan.template;
        self.services.iam.replace(plan.roles);
        self.callers.admit(&template.functions);
        self.callers.admit_users(&template.managed_policies);
        let mut changed = self.functions.replace(plan.functions).await;
        if running.template.rules != template.rules || running.template.roles != template.roles {
            changed.extend(rules(&running.template, &template));
            let now_ms = self.services.clock.now_ms();
            self.services.switches.replace(&template.rules, now_ms);
            // The receiver ends with the cloud.
            let _ = self.engines.send(plan.engine);
        }
        let templates = &template.provisioning_templates;
        let old = &running.template.provisioning_templates;
        changed.extend(self.provisioning.replace(old, templates));
        changed.extend(self.schedule(running, &template));
        changed.extend(self.read_sources(running, &template, plan.sources).await);
        self.alarm_runner.topics.replace(plan.topics);
        changed.extend(alarm::changed_topics(&running.template, &template));
        changed.extend(self.watch_alarms(running, &template));
        self.faults.aim_at(Targets::of(&template));
        running.template = template;
        changed
    }

    /// Runs the schedules of `template`, and returns the names of those that changed.
    fn schedule(&self, running: &mut Running, template: &Template) -> Vec<String> {
        let (mut changed, mut kept) = (Vec::new(), Vec::new());
        for (schedule, task) in std::mem::take(&mut running.schedules) {
            if template.schedules.contains(&schedule) {
                kept.push((schedule, task));
            } else {
                task.abort();
                changed.push(schedule.name);
            }
        }
        for schedule in template.schedules.iter().filter(|s| s.enabled) {
            if kept.iter().all(|(running, _)| running != schedule) {
                let work = schedule::run(schedule.clone(), self.schedule_runner.clone());
                kept.push((schedule.clone(), self.spawn(work)));
                changed.push(schedule.name.clone());
            }
        }
        running.schedules = kept;
        changed.sort();
        changed.dedup();
        changed
    }

    /// Runs these event sources of `template`, and returns the logical ids of those that changed.
    async fn read_sources(
        &self,
        running: &mut Running,
        template: &Template,
        wanted: Vec<Joint>,
    ) -> Vec<String> {
        event_source::set_positions(&wanted, template, &self.reader).await;
        let (mut changed, mut kept) = (Vec::new(), Vec::new());
        for (joint, task) in std::mem::take(&mut running.sources) {
            if wanted.contains(&joint) {
                kept.push((joint, task));
            } else {
                // Its unfinished batch returns to the queue. A stream goes on after the invocation
                // that runs.
                task.abort();
                changed.push(joint.source.logical_id);
            }
        }
        for joint in wanted {
            if kept.iter().all(|(running, _)| *running != joint) {
                let task = self.spawn(event_source::run(joint.clone(), self.reader.clone()));
                changed.push(joint.source.logical_id.clone());
                kept.push((joint, task));
            }
        }
        running.sources = kept;
        changed.sort();
        changed.dedup();
        changed
    }

    /// Runs `work` until it is aborted, or everything ends.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        tokio::spawn(until_stop(work, self.stopping.clone())).abort_handle()
    }

    /// The folder of each function that runs from its folder, by logical id.
    pub async fn folders(&self) -> BTreeMap<String, PathBuf> {
        let running = self.running.lock().await;
        let functions = running.template.functions.iter();
        // Inline code changes with the template.
        let in_folders = functions.filter(|function| function.inline_code.is_none());
        in_folders
            .map(|function| {
                let folder = program::folder(&self.options, function);
                (function.logical_id.clone(), folder)
            })
            .collect()
    }
}

/// Hands messages to the current rule engine; a replaced engine drains its queue.
pub(super) async fn route(
    mut messages: mpsc::UnboundedReceiver<Arc<Message>>,
    first: RuleEngine,
    mut engines: mpsc::UnboundedReceiver<RuleEngine>,
    stopping: watch::Receiver<bool>,
) {
    let start = |engine: RuleEngine| {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(until_stop(engine.run(receiver), stopping.clone()));
        sender
    };
    let mut current = start(first);
    loop {
        tokio::select! {
            biased;
            Some(engine) = engines.recv() => current = start(engine),
            message = messages.recv() => match message {
                // A dropped receiver has already stopped.
                Some(message) => drop(current.send(message)),
                None => return,
            },
        }
    }
}

fn check_stores(old: &Template, new: &Template) -> Result<(), ReloadError> {
    let stores = [
        ("a table", old.tables == new.tables),
        ("a queue", old.queues == new.queues),
    ];
    match stores.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(ReloadError::NeedsRestart { what }),
        None => Ok(()),
    }
}

/// Names of the rules that are new, changed or removed; all of them if only a role changed.
fn rules(old: &Template, new: &Template) -> BTreeSet<String> {
    let of_both = old.rules.iter().chain(&new.rules);
    let differs = |name: &str| {
        let find = |template: &Template| template.rules.iter().find(|r| r.name == name).cloned();
        find(old) != find(new)
    };
    of_both
        .map(|rule| rule.name.clone())
        .filter(|name| old.rules == new.rules || differs(name))
        .collect()
}
