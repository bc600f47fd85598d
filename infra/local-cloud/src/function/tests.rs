//! Real processes behind the Runtime API.
