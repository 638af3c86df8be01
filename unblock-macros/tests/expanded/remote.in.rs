use std::path::Path;
use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::{Error, unblock};

static CRUNCH: LazyLock<ProcessPool> =
    LazyLock::new(|| ProcessPool::builder().build().expect("worker processes"));

/// Counts words.
#[unblock(remote, pool = CRUNCH, timeout = "2s", shed)]
fn count(text: &str, image: &[u8], path: &Path, (min, max): (u32, u32)) -> Result<usize, Error> {
    let _ = (image, path, min, max);
    Ok(text.split(' ').count())
}

#[unblock(remote, pool = CRUNCH, error = to_text)]
fn nothing() -> Result<(), String> {
    Ok(())
}

fn to_text(error: Error) -> String {
    error.to_string()
}
