//! Every step fails and is repeated: the real functions on the local cloud are killed or repeated,
//! or lose messages and answers, at each point of their work. Each row checks the movements of the
//! latch, the end state and the invariants.

mod call;
mod kill;
mod repeat;
