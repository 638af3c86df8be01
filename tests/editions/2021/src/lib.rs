//! The bodies of `same.rs` in edition 2021.
#![cfg(test)]

mod edition;

#[allow(dead_code, clippy::all, clippy::pedantic)]
mod shapes {
    include!("../../shapes.rs");
}

mod rules {
    include!("../../rules.rs");
}

include!("../../harness.rs");
