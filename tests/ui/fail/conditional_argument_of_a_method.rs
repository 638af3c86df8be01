//! An argument of a method with `&self` is not conditional.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    fn find(&self, #[cfg(all())] id: u64) -> u64 {
        id
    }
}

fn main() {}
