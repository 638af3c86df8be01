//! An option that is spelled nearly right is corrected.

use unblock_runtime::{Error, unblock};

#[unblock(time_out = "2s")]
fn function() -> Result<(), Error> {
    Ok(())
}

fn main() {}
