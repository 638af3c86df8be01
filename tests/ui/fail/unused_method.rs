//! A method that nobody calls is reported.

#![deny(dead_code)]

use unblock_runtime::unblock;

#[derive(Clone)]
pub struct Store;

impl Store {
    #[unblock]
    fn unused(&self) {}
}

fn main() {}
