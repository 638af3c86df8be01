//! The timeout is not endless.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = "99999999999999999999h")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
