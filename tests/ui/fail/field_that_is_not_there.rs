//! A missing field is one of `self`.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    pub fn field(&self) -> u64 {
        self.missing
    }
}

fn main() {}
