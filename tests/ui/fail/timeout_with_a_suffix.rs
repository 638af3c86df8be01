//! The timeout has quotes around its unit, too.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = 5s)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
