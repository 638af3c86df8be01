use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::builder().build().unwrap());

struct Connection;

#[unblock(remote, pool = CRUNCH)]
fn close(connection: Connection) -> Result<(), Error> {
    drop(connection);
    Ok(())
}

fn main() {
    let _ = &CRUNCH;
}
