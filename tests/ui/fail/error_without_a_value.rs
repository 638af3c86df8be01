//! The function that makes an error is a value.

use unblock_runtime::{Error, unblock};

#[unblock(error)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
