//! `self: Pin<&mut Self>` is refused.

use std::pin::Pin;

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    fn add(self: Pin<&mut Self>) -> u64 {
        self.rows
    }
}

fn main() {}
