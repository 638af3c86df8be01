//! One function under three executors: the pool needs nothing of any of them. Prints:
//!
//! ```text
//! tokio on one thread: 294
//! tokio on several threads: 294
//! smol: 294
//! ```

use std::io;

use tokio::runtime::Builder;
use unblock_runtime::unblock;

#[unblock]
fn checksum(text: &str) -> u32 {
    text.bytes().map(u32::from).sum()
}

fn main() -> io::Result<()> {
    let tokio = Builder::new_current_thread().build()?;
    println!("tokio on one thread: {}", tokio.block_on(checksum("abc")));

    let tokio = Builder::new_multi_thread().build()?;
    println!("tokio on several threads: {}", tokio.block_on(checksum("abc")));

    println!("smol: {}", smol::block_on(checksum("abc")));
    Ok(())
}
