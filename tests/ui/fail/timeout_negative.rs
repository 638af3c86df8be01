//! The timeout is not negative.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = "-1s")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
