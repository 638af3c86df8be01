//! `skip` is for functions.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

#[unblock(skip)]
impl Store {
    fn find(&self) -> u64 {
        self.rows
    }
}

fn main() {}
