use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

struct Connection;

#[unblock(remote, pool = CRUNCH)]
fn open(name: &str) -> Result<Connection, Error> {
    let _ = name;
    Ok(Connection)
}

fn main() {
    let _ = &CRUNCH;
}
