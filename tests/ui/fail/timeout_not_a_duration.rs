//! The timeout is a duration.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = 1 + 1)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
