//! A method that calls itself and does not await is refused.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    fn walk(&self, depth: u8) {
        if depth > 0 {
            self.walk(depth - 1);
        }
    }
}

fn main() {}
