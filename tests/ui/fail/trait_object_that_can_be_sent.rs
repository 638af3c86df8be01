//! A bound that is there is not advised again.

use unblock_runtime::unblock;

#[unblock]
fn call(function: &(dyn Fn() + Send + Sync)) {
    function();
}

fn main() {}
