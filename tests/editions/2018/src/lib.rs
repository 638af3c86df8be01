//! The bodies of `same.rs` in edition 2018.
#![cfg(test)]

mod edition;

include!("../../harness.rs");
