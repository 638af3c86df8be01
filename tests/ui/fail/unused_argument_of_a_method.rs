//! An argument that the body of a method does not use is reported.

#![deny(unused_variables)]

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    pub fn find(&self, id: u64) -> u64 {
        self.rows
    }
}

fn main() {}
