//! The function makes the error of the function.

use unblock_runtime::{Error, unblock};

fn to_text(_: Error) -> String {
    String::new()
}

#[unblock(error = to_text)]
fn find() -> Result<u64, u8> {
    Ok(1)
}

fn main() {}
