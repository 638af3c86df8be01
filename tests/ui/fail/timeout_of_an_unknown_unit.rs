//! The units of timeouts are known.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = "3 fortnights")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
