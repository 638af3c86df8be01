//! Generated code raises no lint that the plain function would not raise, and needs no prelude.

#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    unused,
    unused_qualifications,
    unused_results,
    single_use_lifetimes,
    trivial_casts,
    rust_2018_idioms,
    rust_2024_compatibility
)]

use ::std::clone::Clone;
use ::std::convert::From;
use ::std::result::Result::{self, Ok};
use ::std::string::String;
use ::std::vec::Vec;
use ::std::{format, println};

use ::unblock_runtime::{Pool, unblock};

struct AppError;

impl From<::unblock_runtime::Error> for AppError {
    fn from(_: ::unblock_runtime::Error) -> Self {
        AppError
    }
}

#[derive(Clone)]
struct Store {
    pool: Pool,
    rows: usize,
}

impl Store {
    #[unblock(pool = self.pool, timeout = "2s")]
    fn find(
        &self,
        id: usize,
        (left, right): (usize, usize),
        image: &[u8],
        mut count: usize,
    ) -> Result<usize, AppError> {
        count += id + left + right;
        Ok(self.rows + count + image.len())
    }

    #[unblock(pool = self.pool, name = "describe", detach)]
    fn describe(self) -> String {
        format!("{} rows", self.rows)
    }

    #[unblock]
    fn resized(mut self, text: &str) -> Self {
        self.rows = text.len();
        self
    }

    #[unblock]
    fn nothing() {}
}

/// Only what the pool is taken from goes unused in the body.
#[unblock(pool = store.pool)]
fn make((store, _rest): (Store, u8), bytes: &Vec<u8>, _ignored: u8, _: u8) -> Vec<u8> {
    bytes.clone()
}

#[unblock]
fn never() -> ! {
    ::std::process::exit(1)
}

fn main() {
    let bytes = Vec::new();
    let store = Store { pool: Pool::clone(Pool::global()), rows: 1 };
    let find = store.find(1, (1, 2), &[], 1);
    let _futures = (find, Store::nothing(), make((store.clone(), 1), &bytes, 1, 1), never());
    let _more = (store.clone().describe(), store.clone().resized(""));
    println!("ready");
}
