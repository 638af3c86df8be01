//! Options are separated by commas.

use unblock_runtime::{Error, unblock};

#[unblock(detach shed)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
