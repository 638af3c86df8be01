//! A borrowed argument can be cloned.

use std::sync::Mutex;

use unblock_runtime::unblock;

struct Store(Mutex<u64>);

#[unblock]
fn find(store: &Store) -> u64 {
    *store.0.lock().unwrap()
}

fn main() {}
