//! A library that re-exports the runtime says where it is.

mod library {
    pub mod inside {
        pub use unblock_runtime::*;
    }
}

// Were the generated code to look here, it would not compile.
#[allow(dead_code)]
mod unblock_runtime {}

use library::inside::{Error, Pool, unblock};

#[unblock(crate = library::inside, pool = Pool::global(), timeout = "1s")]
fn length(text: &str) -> Result<usize, Error> {
    Ok(text.len())
}

#[unblock(crate = crate::library::inside)]
fn plain(text: String) -> usize {
    text.len()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(length("four").await.unwrap(), 4);
        assert_eq!(plain("four".to_owned()).await, 4);
    });
}
