//! The timeout begins with a number.

use unblock_runtime::{Error, unblock};

#[unblock(timeout = "soon")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
