//! The bodies of `same.rs` in edition 2024.
#![cfg(test)]

mod edition;

include!("../../harness.rs");
