//! `self: &mut Self` is refused.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    fn add(self: &mut Self) {
        self.rows += 1;
    }
}

fn main() {}
