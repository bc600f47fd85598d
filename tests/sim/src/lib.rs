//! The whole system in one process: the real decisions and the real core of the firmware, and
//! around them a network, a table, clocks, people and accidents that depend on a seed alone.
//!
//! | idea | module |
//! |---|---|
//! | what must hold | [`invariant`], `watch`, `check` |
//! | what is planned | [`plan`], `house`, `episode` |
//! | what goes wrong on the way | `fate`, `random` |
//! | what happens next | `event`, `queue`, `world` |
//! | locks, their network and shadows | `site`, `reporter`, `network`, `broker` |
//! | functions, their memory and table | `cloud`, `decide`, `memory`, [`prediction`], `table` |
//! | people and attackers | `people`, `restoration` |
//! | the end, where everything must be right | `ending` |
//! | faults that are planted | [`plant`] |
//! | one run, and a small one that fails alike | [`run`], [`shrink`] |

mod broker;
mod check;
mod cloud;
mod decide;
mod ending;
mod episode;
mod event;
mod fate;
pub mod house;
pub mod invariant;
mod memory;
mod network;
mod people;
pub mod plan;
pub mod plant;
pub mod prediction;
mod queue;
mod random;
mod reporter;
mod restoration;
pub mod run;
pub mod shrink;
mod site;
mod table;
mod watch;
mod world;
