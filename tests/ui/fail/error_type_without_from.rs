//! An error type can hold a failure of the call, or there is a function for it.

use unblock_runtime::unblock;

struct AppError;

#[unblock(timeout = "2s")]
fn find() -> Result<u64, AppError> {
    Ok(1)
}

fn main() {}
