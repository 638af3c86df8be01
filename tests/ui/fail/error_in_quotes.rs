//! The function that makes an error has no quotes.

use unblock_runtime::{Error, unblock};

#[unblock(error = "to_error")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
