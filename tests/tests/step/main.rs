//! Fail every step, repeat every step: the real functions on the local cloud, killed, repeated, deprived of messages and of
//! answers at each point of their work. After each: how often the latch moved, where everything ended, and the invariants.

mod call;
mod kill;
mod repeat;
