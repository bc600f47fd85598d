//! The deepest stack of a program, from GCC's call graphs (`-fcallgraph-info=su`, `.ci` files).
//!
//! A recursive function counts as often as its nesting allows. What the graphs lack counts as zero:
//! calls through a pointer (the caller's flash, latch and timers) and the C library's own frames.
//!
//! Must not know: which programs there are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

/// The calls between functions, and each function's own frame.
#[derive(Default)]
pub struct Graph {
    frames: BTreeMap<String, u64>,
    calls: BTreeMap<String, BTreeSet<String>>,
    homes: BTreeMap<String, String>,
}

impl Graph {
    /// Adds the `.ci` file of the object `home`.
    ///
    /// # Errors
    /// The size of a frame is not a number.
    pub fn add(&mut self, home: &str, text: &str) -> Result<()> {
        for line in text.lines() {
            if let Some(function) = after(line, "node: { title: \"") {
                if let Some(bytes) = frame(line)? {
                    self.frames.insert(function.to_owned(), bytes);
                    self.homes.insert(function.to_owned(), home.to_owned());
                }
            } else if let Some(caller) = after(line, "edge: { sourcename: \"") {
                let callee = after(line, "targetname: \"").unwrap_or_default();
                self.calls
                    .entry(caller.to_owned())
                    .or_default()
                    .insert(callee.to_owned());
            }
        }
        Ok(())
    }

    /// The deepest stack of a call into the object `home`, and the function that takes it.
    pub fn deepest_of(&self, home: &str, nesting: u64) -> (u64, String) {
        self.homes
            .iter()
            .filter(|(_, place)| *place == home)
            .map(|(function, _)| (self.deepest(function, nesting), short(function).to_owned()))
            .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
            .unwrap_or_default()
    }

    /// The deepest stack of a call of `function` if no function nests more than `nesting` times.
    pub fn deepest(&self, function: &str, nesting: u64) -> u64 {
        let circle = self.circle(function);
        let frames: u64 = circle
            .iter()
            .filter_map(|name| self.frames.get(*name))
            .sum();
        let below = circle
            .iter()
            .flat_map(|name| self.callees(name))
            .filter(|callee| !circle.contains(callee))
            .map(|callee| self.deepest(callee, nesting))
            .max()
            .unwrap_or(0);
        if circle.len() > 1 || self.callees(function).any(|callee| callee == function) {
            frames * nesting + below
        } else {
            frames + below
        }
    }

    /// The function, and the functions that it calls and that also call it.
    fn circle<'a>(&'a self, function: &'a str) -> BTreeSet<&'a str> {
        let mut circle: BTreeSet<&str> = self
            .reached(function)
            .into_iter()
            .filter(|other| self.reached(other).contains(function))
            .collect();
        circle.insert(function);
        circle
    }

    fn reached<'a>(&'a self, function: &str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = self.callees(function).collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(self.callees(next));
            }
        }
        reached
    }

    fn callees(&self, function: &str) -> impl Iterator<Item = &str> {
        self.calls
            .get(function)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(mark)?;
    rest.split('"').next()
}

/// The bytes in a node's label, `…\n48 bytes (static)"`; none for a function of another object.
fn frame(line: &str) -> Result<Option<u64>> {
    let Some((before, _)) = line.split_once(" bytes (") else {
        return Ok(None);
    };
    let digits = before.rsplit("\\n").next().unwrap_or_default();
    let bytes = digits
        .parse()
        .with_context(|| format!("read the frame of a function: {line}"))?;
    Ok(Some(bytes))
}

/// A function's own name; that of a static function has its file in front.
fn short(function: &str) -> &str {
    function.rsplit(':').next().unwrap_or(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(frames: &[(&str, &str, u64)], calls: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (home, function, bytes) in frames {
            let line = format!(
                "node: {{ title: \"{function}\" label: \"{function}\\nx.c:1:1\\n{bytes} bytes \
                 (static)\" }}"
            );
            graph.add(home, &line).expect("a well-formed node");
        }
        for (caller, callee) in calls {
            let line = format!(
                "edge: {{ sourcename: \"{caller}\" targetname: \"{callee}\" label: \"x.c\" }}"
            );
            graph.add("", &line).expect("a well-formed edge");
        }
        graph
    }

    #[test]
    fn the_deepest_stack_is_the_sum_of_its_frames() {
        let graph = graph(
            &[
                ("x", "a", 16),
                ("x", "b", 32),
                ("y", "c", 64),
                ("y", "d", 8),
            ],
            &[
                ("a", "b"),
                ("a", "c"),
                ("c", "d"),
                ("d", "memcpy"),
                ("b", "__indirect_call"),
            ],
        );
        assert_eq!(graph.deepest("a", 8), 16 + 64 + 8);
        assert_eq!(graph.deepest_of("y", 8), (72, "c".to_owned()));
    }

    #[test]
    fn functions_that_call_each_other_count_as_often_as_they_may_nest() {
        let graph = graph(
            &[
                ("x", "a", 16),
                ("x", "f.c:b", 32),
                ("x", "c", 64),
                ("x", "d", 8),
            ],
            &[
                ("a", "f.c:b"),
                ("f.c:b", "c"),
                ("c", "f.c:b"),
                ("c", "d"),
                ("d", "d"),
            ],
        );
        assert_eq!(graph.deepest("d", 3), 24);
        assert_eq!(graph.deepest("a", 3), 16 + 3 * (32 + 64) + 24);
    }

    #[test]
    fn a_function_of_another_object_brings_no_frame_here() {
        let mut graph = Graph::default();
        let node = "node: { title: \"memset\" label: \"memset\\nstring.h:65:9\" shape : ellipse }";
        graph.add("x", node).expect("a well-formed node");
        assert_eq!(graph.deepest_of("x", 8), (0, String::new()));
    }
}
