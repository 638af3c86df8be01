use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

#[derive(Clone)]
struct Store;

impl Store {
    #[unblock(remote, pool = CRUNCH)]
    fn find(&self) -> Result<u8, Error> {
        Ok(1)
    }
}

fn main() {
    let _ = &CRUNCH;
}
