//! The bounds of a trait let its receiver go.

use unblock_runtime::unblock;

trait Find: Sized {
    #[unblock]
    fn find(&self) -> u64 {
        1
    }
}

fn main() {}
