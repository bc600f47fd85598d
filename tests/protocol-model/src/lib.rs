//! The protocol, checked exhaustively: the real decisions of `lock_core`, a transcription of the
//! device, and every fault between them. The network, the table and time are values.
//!
//! | idea | module |
//! |---|---|
//! | what must hold | [`invariant`] |
//! | what can be removed | [`rule`] |
//! | the device's rules | [`device`] |
//! | the functions | `cloud` |
//! | the whole state, and the first one | `state`, `beginning` |
//! | what may happen next | `step` |
//! | the end of a run | `ending` |
//! | the runs that are explored | `configuration`, `catalogue` |
//! | the checker, its results in words and as rows | `checker`, `narrative`, [`table`] |

mod beginning;
mod catalogue;
mod checker;
mod cloud;
mod configuration;
pub mod device;
mod ending;
pub mod invariant;
mod narrative;
pub mod rule;
mod state;
mod step;
pub mod table;
