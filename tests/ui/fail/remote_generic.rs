use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

#[unblock(remote, pool = CRUNCH)]
fn largest<T: Ord + Send + 'static>(values: Vec<T>) -> Result<Option<T>, Error> {
    Ok(values.into_iter().max())
}

fn main() {
    let _ = &CRUNCH;
}
