//! Reads the options and the function.

pub(crate) mod argument;
pub(crate) mod borrow;
pub(crate) mod duration;
pub(crate) mod function;
pub(crate) mod options;
mod suggestion;
