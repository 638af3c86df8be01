use std::path::Path;
use std::sync::LazyLock;

use unblock_runtime::processes::ProcessPool;
use unblock_runtime::Error;

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

#[allow(clippy::needless_pass_by_value)]
fn to_text(_error: Error) -> String {
    "no value".to_owned()
}
