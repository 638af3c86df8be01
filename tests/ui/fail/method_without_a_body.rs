//! A required method of a trait is refused.

use unblock_runtime::unblock;

trait Find {
    #[unblock]
    fn find(&self) -> u64;
}

fn main() {}
