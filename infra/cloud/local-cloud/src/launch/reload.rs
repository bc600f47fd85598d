//! Takes up a changed template or changed code while everything runs: only what has changed is replaced, data and
//! connections stay.
//!
//! Everything new is put together before anything old is touched, so a broken change leaves all as it was. Must not know
//! how a change was noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::AbortHandle;

use super::{StartError, executable, load_template, stopped, thing};
use crate::Options;
use crate::broker::message::Message;
use crate::caller::Callers;
use crate::event::{EventBus, EventKind};
use crate::event_source::{self, Joint, Reader};
use crate::fault::{Faults, Targets};
use crate::registry::Registry;
use crate::rule::{RuleEngine, Services};
use crate::schedule::{self, Ringer};
use aws_policy::Document;
use lambda_host::{Functions, Wiring};
use sam_template::{Schedule, Template};

/// Why a change cannot be taken up; everything runs on as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The changed template, or an executable, is one that could not be started either.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A policy's document.
    #[error("policy {name}: {problem}")]
    Policy {
        /// Policy name.
        name: String,
        /// What is wrong in it.
        problem: String,
    },
    /// A change of something that holds data.
    #[error("{what} has changed, which holds data: restart to take it up")]
    NeedsRestart {
        /// Which kind of resource.
        what: &'static str,
    },
}

/// What is needed to put new parts in the place of old ones.
pub(crate) struct Reloader {
    pub options: Options,
    /// As the caller gave them, before folders were looked into.
    pub binaries: BTreeMap<String, PathBuf>,
    pub wiring: Wiring,
    pub functions: Functions,
    pub callers: Callers,
    pub registry: Registry,
    pub reach: Services,
    pub ringer: Ringer,
    pub reader: Reader,
    pub events: EventBus,
    pub faults: Arc<Faults>,
    pub stopping: watch::Receiver<bool>,
    pub engines: mpsc::UnboundedSender<RuleEngine>,
    pub running: Mutex<Running>,
}

/// What runs now.
#[derive(Default)]
pub(crate) struct Running {
    pub template: Template,
    schedules: Vec<(Schedule, AbortHandle)>,
    sources: Vec<(Joint, AbortHandle)>,
}

impl Reloader {
    /// Runs the schedules and event sources of the template that everything was started with.
    pub async fn begin(&self, template: Template) {
        let mut running = self.running.lock().await;
        self.schedule(&mut running, &template);
        self.read_queues(&mut running, &template);
        running.template = template;
    }

    /// Takes up the template as it is now, and the code of the functions with these logical ids.
    pub async fn reload(&self, rebuilt: &BTreeSet<String>) -> Result<Vec<String>, ReloadError> {
        let outcome = self.try_reload(rebuilt).await;
        match &outcome {
            Ok(changed) if changed.is_empty() => {}
            Ok(changed) => self.events.emit(EventKind::Reloaded {
                changed: changed.clone(),
            }),
            Err(error) => self.events.emit(EventKind::ReloadRefused {
                reason: chain(error),
            }),
        }
        outcome
    }

    async fn try_reload(&self, rebuilt: &BTreeSet<String>) -> Result<Vec<String>, ReloadError> {
        let mut running = self.running.lock().await;
        let template = load_template(&self.options).map_err(StartError::from)?;
        same_stores(&running.template, &template)?;
        for (name, document) in &template.iot_policies {
            Document::parse(document).map_err(|problem| ReloadError::Policy {
                name: name.clone(),
                problem: problem.to_string(),
            })?;
        }
        let given = Options {
            binaries: self.binaries.clone(),
            ..self.options.clone()
        };
        let wiring = Wiring {
            binaries: executable::executables(&given, &template.functions)
                .map_err(StartError::from)?,
            ..self.wiring.clone()
        };
        let engine = RuleEngine::new(&template, self.reach.clone()).map_err(StartError::from)?;

        let iam = &self.reach.iam;
        iam.replace(&template).map_err(StartError::from)?;
        self.callers.admit(&template.functions);
        let functions = template.functions.clone();
        let replaced = self.functions.replace(functions, wiring, rebuilt).await;
        let mut changed = replaced.map_err(StartError::from)?;
        changed.extend(self.policies(&running.template, &template)?);
        if running.template.rules != template.rules || running.template.roles != template.roles {
            changed.extend(rules(&running.template, &template));
            // The receiver ends with the cloud.
            let _ = self.engines.send(engine);
        }
        thing::provision(&self.registry, &template).map_err(StartError::from)?;
        changed.extend(self.schedule(&mut running, &template));
        changed.extend(self.read_queues(&mut running, &template));
        self.faults.aim_at(Targets::of(&template));
        running.template = template;
        Ok(changed)
    }

    fn policies(&self, old: &Template, new: &Template) -> Result<Vec<String>, StartError> {
        let mut changed = Vec::new();
        for (name, document) in &new.iot_policies {
            if old.iot_policies.get(name) != Some(document) {
                self.registry.put_policy(name, &document.to_string())?;
                changed.push(name.clone());
            }
        }
        for name in old.iot_policies.keys() {
            if !new.iot_policies.contains_key(name) {
                // As in AWS, a policy that certificates still carry cannot be taken away from them.
                self.registry.delete_policy(name)?;
                changed.push(name.clone());
            }
        }
        Ok(changed)
    }

    /// Runs the schedules of `template`, and gives the names of those that are new, changed or gone.
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
                let work = schedule::run(schedule.clone(), self.ringer.clone());
                kept.push((schedule.clone(), self.spawn(work)));
                changed.push(schedule.name.clone());
            }
        }
        running.schedules = kept;
        changed.sort();
        changed.dedup();
        changed
    }

    /// Runs the event sources of `template`, and gives the logical ids of those that are new, changed or gone.
    fn read_queues(&self, running: &mut Running, template: &Template) -> Vec<String> {
        let enabled = template.event_sources.iter().filter(|s| s.enabled);
        let wanted: Vec<Joint> = enabled
            .filter_map(|source| Joint::new(source, &template.queues, &template.functions))
            .collect();
        let (mut changed, mut kept) = (Vec::new(), Vec::new());
        for (joint, task) in std::mem::take(&mut running.sources) {
            if wanted.contains(&joint) {
                kept.push((joint, task));
            } else {
                // What it was at work with goes back to the queue.
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
        let stop = stopped(self.stopping.clone());
        let task = tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                () = stop => {}
            }
        });
        task.abort_handle()
    }

    /// The folder of each function that runs from its folder, by logical id.
    pub async fn folders(&self) -> BTreeMap<String, PathBuf> {
        let running = self.running.lock().await;
        let functions = running.template.functions.iter();
        functions
            .map(|function| {
                let folder = match self.binaries.get(&function.binary) {
                    Some(path) => path.clone(),
                    None => executable::folder(&self.options, function),
                };
                (function.logical_id.clone(), folder)
            })
            .collect()
    }
}

/// Hands messages to the rule engine of the moment; one that is replaced works through what it was given.
pub(super) async fn route(
    mut messages: mpsc::UnboundedReceiver<Arc<Message>>,
    first: RuleEngine,
    mut engines: mpsc::UnboundedReceiver<RuleEngine>,
    stopping: watch::Receiver<bool>,
) {
    let start = |engine: RuleEngine| {
        let (sender, receiver) = mpsc::unbounded_channel();
        let stop = stopped(stopping.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = engine.run(receiver) => {}
                () = stop => {}
            }
        });
        sender
    };
    let mut current = start(first);
    loop {
        tokio::select! {
            biased;
            Some(engine) = engines.recv() => current = start(engine),
            message = messages.recv() => match message {
                // An engine that has ended has been told to stop.
                Some(message) => drop(current.send(message)),
                None => return,
            },
        }
    }
}

fn same_stores(old: &Template, new: &Template) -> Result<(), ReloadError> {
    let stores = [
        ("a table", old.tables == new.tables),
        ("a queue", old.queues == new.queues),
        ("a topic of notifications", old.topics == new.topics),
    ];
    match stores.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(ReloadError::NeedsRestart { what }),
        None => Ok(()),
    }
}

/// Names of the rules that are new, changed or gone; of all when only a role has changed.
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

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
