//! Reads what the user wrote: [`options::Options`] between the parentheses of the attribute, and
//! the [`function::Function`] below it.
//!
//! The function's arguments are read once more as [`argument::Argument`]s, which say how each one
//! gets from the caller to the job, `async_block` is what `#[async_trait]` writes around a body,
//! and `borrow` answers whether a type borrows. For error messages, `suggestion` finds the option
//! that a misspelled one was meant to be, and `source` writes a type.
//!
//! Parsing reports only what cannot be read. Functions that can be read but cannot run on a pool
//! are rejected in `validate`.

pub(crate) mod argument;
pub(crate) mod async_block;
pub(crate) mod borrow;
pub(crate) mod function;
pub(crate) mod options;
pub(crate) mod source;
mod suggestion;
