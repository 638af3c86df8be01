//! The bodies of `same.rs` in edition 2021.
#![cfg(test)]

mod edition;

include!("../../harness.rs");
