//! Each method of an `impl` that cannot go is refused at its place.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

#[unblock]
impl Store {
    fn find(&self) -> u64 {
        self.rows
    }

    fn add(&mut self) {
        self.rows += 1;
    }
}

fn main() {}
