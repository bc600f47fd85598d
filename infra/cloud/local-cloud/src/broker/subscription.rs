//! Who subscribes to which topic: a tree over topic levels, so that routing costs the same with ten
//! clients or ten thousand.
//!
//! Must not know: policies, connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::Qos;

use super::group::Group;
use super::session::Session;

#[derive(Debug, Default)]
pub struct SubscriptionTree {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<String, Self>,
    /// Sorted by client id. A topic often has one subscriber, for whom a map is large.
    subscribers: Vec<(Arc<Session>, Qos)>,
    /// Groups that share a subscription, by name.
    groups: BTreeMap<String, Arc<Group>>,
}

#[derive(Debug, Default)]
pub struct Receivers {
    /// Each session once, with the highest QoS it subscribed with.
    pub sessions: Vec<(Arc<Session>, Qos)>,
    pub groups: Vec<Arc<Group>>,
}

impl SubscriptionTree {
    /// Adds or replaces a session's subscription, which may be a shared one.
    pub fn insert(&mut self, filter: &str, session: &Arc<Session>, qos: Qos) {
        let (group, levels) = split_shared(filter);
        let mut node = &mut self.root;
        for level in levels.split('/') {
            node = node.children.entry(level.to_owned()).or_default();
        }
        match group {
            Some(name) => node
                .groups
                .entry(name.to_owned())
                .or_insert_with(|| Arc::new(Group::new(filter)))
                .join(session, qos),
            None => {
                let entry = (session.clone(), qos);
                match node.find(session.client_id()) {
                    Ok(at) => node.subscribers[at] = entry,
                    Err(at) => node.subscribers.insert(at, entry),
                }
            }
        }
    }

    pub fn remove(&mut self, filter: &str, client_id: &str) {
        let (group, filter) = split_shared(filter);
        let levels: Vec<&str> = filter.split('/').collect();
        self.root.remove(&levels, group, client_id);
    }

    pub fn group(&self, filter: &str) -> Option<Arc<Group>> {
        let (name, filter) = iot_topic::shared(filter)?;
        let mut node = &self.root;
        for level in filter.split('/') {
            node = node.children.get(level)?;
        }
        node.groups.get(name).cloned()
    }

    pub fn matching(&self, topic: &str) -> Receivers {
        let levels: Vec<&str> = topic.split('/').collect();
        let mut receivers = Receivers::default();
        self.root.collect(&levels, true, &mut receivers);
        let found = &mut receivers.sessions;
        if found.len() > 1 {
            found.sort_by(|(a, _), (b, _)| a.client_id().cmp(b.client_id()));
            found.dedup_by(|(later, qos), (kept, kept_qos)| {
                let is_same = Arc::ptr_eq(later, kept);
                if is_same && *qos == Qos::AtLeastOnce {
                    *kept_qos = Qos::AtLeastOnce;
                }
                is_same
            });
        }
        receivers
    }
}

/// The group's name, if the filter is a shared one, and the plain filter.
fn split_shared(filter: &str) -> (Option<&str>, &str) {
    iot_topic::shared(filter).map_or((None, filter), |(group, filter)| (Some(group), filter))
}

impl Node {
    fn collect(&self, levels: &[&str], is_first: bool, found: &mut Receivers) {
        let Some((level, rest)) = levels.split_first() else {
            return self.give(found);
        };
        if let Some(child) = self.children.get(*level) {
            child.collect(rest, false, found);
        }
        if is_first && level.starts_with('$') {
            return;
        }
        if let Some(child) = self.children.get("+") {
            child.collect(rest, false, found);
        }
        if let Some(child) = self.children.get("#") {
            child.give(found);
        }
    }

    fn give(&self, found: &mut Receivers) {
        found.sessions.extend(self.subscribers.iter().cloned());
        found.groups.extend(self.groups.values().cloned());
    }

    /// Where the client is among the subscribers, or would be.
    fn find(&self, client_id: &str) -> Result<usize, usize> {
        let subscribers = &self.subscribers;
        subscribers.binary_search_by(|(session, _)| session.client_id().cmp(client_id))
    }

    fn remove(&mut self, levels: &[&str], group: Option<&str>, client_id: &str) {
        let Some((level, rest)) = levels.split_first() else {
            match group {
                None => {
                    if let Ok(at) = self.find(client_id) {
                        self.subscribers.remove(at);
                    }
                }
                Some(name) => {
                    if self.groups.get(name).is_some_and(|g| g.leave(client_id)) {
                        self.groups.remove(name);
                    }
                }
            }
            return;
        };
        if let Some(child) = self.children.get_mut(*level) {
            child.remove(rest, group, client_id);
            if child.is_empty() {
                self.children.remove(*level);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.subscribers.is_empty() && self.groups.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILTERS: [&str; 10] = [
        "a", "a/b", "a/+", "a/#", "#", "+", "+/+", "+/#", "$aws/+", "a/+/c",
    ];
    const TOPICS: [&str; 8] = ["a", "a/b", "a/b/c", "a/", "/a", "$aws/x", "b", "b/c"];

    #[test]
    fn the_tree_finds_exactly_what_the_filters_match() {
        for filter in FILTERS {
            let mut tree = SubscriptionTree::default();
            let session = Arc::new(Session::new("client"));
            tree.insert(filter, &session, Qos::AtMostOnce);
            for name in TOPICS {
                let found = tree.matching(name).sessions.len() == 1;
                assert_eq!(
                    found,
                    iot_topic::matches(filter, name),
                    "{filter} on {name}"
                );
            }
            tree.remove(filter, "client");
            assert!(tree.root.children.is_empty(), "{filter} leaves branches");
        }
    }

    #[test]
    fn overlapping_filters_deliver_once_at_the_highest_qos() {
        let mut tree = SubscriptionTree::default();
        let session = Arc::new(Session::new("client"));
        tree.insert("a/#", &session, Qos::AtMostOnce);
        tree.insert("a/b", &session, Qos::AtLeastOnce);
        tree.insert("+/b", &session, Qos::AtMostOnce);
        let found = tree.matching("a/b").sessions;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, Qos::AtLeastOnce);
    }
}
