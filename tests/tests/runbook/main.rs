//! The sections of `infra/docs/RUNBOOK.md`, walked against the local cloud as far as it has the
//! service, and the names that the document mentions.

mod delete;
mod page;
mod pause;
mod restore;
mod retire;
