//! The receiver of a job can be cloned.

use std::sync::Mutex;

use unblock_runtime::unblock;

struct Store(Mutex<u64>);

impl Store {
    #[unblock]
    fn find(&self) -> u64 {
        *self.0.lock().unwrap()
    }
}

fn main() {}
