//! A result can come from another thread.

use std::rc::Rc;

use unblock_runtime::unblock;

#[unblock]
fn count(n: u8) -> Rc<u8> {
    Rc::new(n)
}

fn main() {}
