//! The pool is a pool.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock(pool = self.rows)]
    fn find(&self) -> u64 {
        self.rows
    }
}

fn main() {}
