use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

struct Store;

impl Store {
    const LIMIT: usize = 3;

    #[unblock(remote, pool = CRUNCH)]
    fn is_short(text: &str) -> Result<bool, Error> {
        Ok(text.len() < Self::LIMIT)
    }
}

fn main() {
    let _ = &CRUNCH;
}
