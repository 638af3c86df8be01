//! The timeout has a unit.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = "5")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
