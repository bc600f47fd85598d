//! The alarms and topics of a changed template.

use std::collections::BTreeSet;

use super::{Reloader, Running};
use crate::alarm;
use sam_template::Template;

impl Reloader {
    /// Runs the alarms of `template`, and returns the names of those that changed.
    pub(super) fn watch_alarms(&self, running: &mut Running, template: &Template) -> Vec<String> {
        let runner = &self.alarm_runner;
        runner.alarms.admit(&template.alarms, runner.clock.now_ms());
        let (mut changed, mut kept) = (Vec::new(), Vec::new());
        for (alarm, task) in std::mem::take(&mut running.alarms) {
            if template.alarms.contains(&alarm) {
                kept.push((alarm, task));
            } else {
                task.abort();
                changed.push(alarm.name);
            }
        }
        for alarm in &template.alarms {
            if kept.iter().all(|(running, _)| running != alarm) {
                let task = self.spawn(alarm::run(alarm.clone(), runner.clone()));
                changed.push(alarm.name.clone());
                kept.push((alarm.clone(), task));
            }
        }
        running.alarms = kept;
        changed.sort();
        changed.dedup();
        changed
    }
}

/// Logical ids of the topics, subscriptions and policies that are new, changed or removed.
pub(super) fn changed_topics(old: &Template, new: &Template) -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    let topics = (&old.topics, &new.topics);
    changed.extend(differing(topics.0, topics.1, |topic| &topic.logical_id));
    let subscriptions = (&old.subscriptions, &new.subscriptions);
    changed.extend(differing(subscriptions.0, subscriptions.1, |s| {
        &s.logical_id
    }));
    for (old, new) in [
        (&old.topic_policies, &new.topic_policies),
        (&old.queue_policies, &new.queue_policies),
    ] {
        changed.extend(differing(old, new, |policy| &policy.logical_id));
    }
    changed
}

fn differing<T: PartialEq>(old: &[T], new: &[T], id: impl Fn(&T) -> &String) -> Vec<String> {
    let only_in = |these: &[T], those: &[T]| -> Vec<String> {
        let differing = these.iter().filter(|one| !those.contains(one));
        differing.map(|one| id(one).clone()).collect()
    };
    [only_in(old, new), only_in(new, old)].concat()
}
