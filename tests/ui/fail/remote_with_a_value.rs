use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

#[unblock(remote = CRUNCH)]
fn count(text: &str) -> Result<usize, Error> {
    Ok(text.len())
}

fn main() {
    let _ = &CRUNCH;
}
