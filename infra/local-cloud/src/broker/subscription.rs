//! Who wants which topic: a tree over topic levels, so that routing costs the same with ten clients or ten thousand.
//!
//! Must not know policies or connections; it holds sessions and hands them out.

use std::collections::HashMap;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::Qos;

use super::session::Session;

/// All subscriptions of all sessions.
#[derive(Debug, Default)]
pub struct SubscriptionTree {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// By level, `+` and `#` among them.
    children: HashMap<String, Node>,
    /// By client id.
    subscribers: HashMap<String, (Arc<Session>, Qos)>,
}

impl SubscriptionTree {
    /// Adds or replaces a session's subscription.
    pub fn insert(&mut self, filter: &str, session: &Arc<Session>, qos: Qos) {
        let mut node = &mut self.root;
        for level in filter.split('/') {
            node = node.children.entry(level.to_owned()).or_default();
        }
        let entry = (session.clone(), qos);
        node.subscribers
            .insert(session.client_id().to_owned(), entry);
    }

    /// Removes a client's subscription, and the branches that only led there.
    pub fn remove(&mut self, filter: &str, client_id: &str) {
        let levels: Vec<&str> = filter.split('/').collect();
        self.root.remove(&levels, client_id);
    }

    /// The sessions that want `topic`, each once, with the highest QoS it asked for.
    pub fn matching(&self, topic: &str) -> Vec<(Arc<Session>, Qos)> {
        let levels: Vec<&str> = topic.split('/').collect();
        let mut found = Vec::new();
        self.root.collect(&levels, true, &mut found);
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
        found
    }
}

impl Node {
    fn collect(&self, levels: &[&str], is_first: bool, found: &mut Vec<(Arc<Session>, Qos)>) {
        let Some((level, rest)) = levels.split_first() else {
            found.extend(self.subscribers.values().cloned());
            return;
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
            found.extend(child.subscribers.values().cloned());
        }
    }

    fn remove(&mut self, levels: &[&str], client_id: &str) {
        let Some((level, rest)) = levels.split_first() else {
            self.subscribers.remove(client_id);
            return;
        };
        if let Some(child) = self.children.get_mut(*level) {
            child.remove(rest, client_id);
            if child.children.is_empty() && child.subscribers.is_empty() {
                self.children.remove(*level);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::topic;
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
                let found = tree.matching(name).len() == 1;
                assert_eq!(found, topic::matches(filter, name), "{filter} on {name}");
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
        let found = tree.matching("a/b");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, Qos::AtLeastOnce);
    }
}
