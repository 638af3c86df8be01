//! The name of several functions is refused.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

#[unblock(name = "all")]
impl Store {
    fn find(&self) -> u64 {
        self.rows
    }
}

fn main() {}
