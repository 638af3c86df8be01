//! The receiver can go to another thread.

use std::rc::Rc;

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store(Rc<u64>);

impl Store {
    #[unblock]
    fn find(&self) -> u64 {
        *self.0
    }
}

fn main() {}
