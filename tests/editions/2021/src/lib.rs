//! The bodies of `same.rs` in edition 2021.
#![cfg(test)]

mod edition;

mod rules {
    include!("../../rules.rs");
}

include!("../../harness.rs");
