//! The timeout needs a value.

use unblock_runtime::{Error, unblock};

#[unblock(timeout)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
