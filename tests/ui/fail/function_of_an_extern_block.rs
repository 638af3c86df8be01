//! A foreign function is refused.

use unblock_runtime::unblock;

unsafe extern "C" {
    #[unblock]
    fn getpid() -> i32;
}

fn main() {}
