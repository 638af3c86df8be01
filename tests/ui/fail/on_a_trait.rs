//! The attribute is not for traits.

use unblock_runtime::unblock;

#[unblock]
trait Find {
    fn find(&self) {}
}

fn main() {}
