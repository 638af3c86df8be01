//! An option is given once.

use unblock_runtime::{Error, unblock};

#[unblock(shed, shed)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
