use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

#[unblock(remote, pool = CRUNCH)]
fn count(values: impl Iterator<Item = u8> + Send + 'static) -> Result<usize, Error> {
    Ok(values.count())
}

fn main() {
    let _ = &CRUNCH;
}
