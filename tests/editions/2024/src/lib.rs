//! The bodies of `same.rs` in edition 2024.
#![cfg(test)]

mod edition;

mod rules {
    include!("../../rules.rs");
}

include!("../../harness.rs");
