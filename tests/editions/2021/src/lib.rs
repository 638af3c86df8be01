//! The bodies of `same.rs` in edition 2021.
#![cfg(test)]
#![allow(clippy::all, clippy::pedantic, reason = "the functions are what users write")]

#[path = "../../before_2024.rs"]
mod edition;

#[allow(dead_code, reason = "they only have to compile")]
mod shapes {
    include!("../../shapes.rs");
}

mod rules {
    include!("../../rules.rs");
}

include!("../../harness.rs");
