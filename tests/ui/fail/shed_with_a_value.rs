//! `shed` has no value.

use unblock_runtime::{Error, unblock};

#[unblock(shed = true)]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
