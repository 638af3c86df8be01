//! A body blocks, and does not await.

use unblock_runtime::unblock;

#[unblock]
fn wait() {
    std::future::ready(()).await
}

fn main() {}
