//! The timeout is not zero.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = "0s")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
