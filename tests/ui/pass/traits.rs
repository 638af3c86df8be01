//! Implementations of traits, and provided methods.

#![deny(warnings)]
#![allow(async_fn_in_trait)]

use std::sync::Arc;

use unblock_runtime::{Pool, unblock};

trait Hasher: Clone + Send + Sync + 'static {
    const ROUNDS: usize;

    fn pool(&self) -> &Pool;

    async fn verify(&self, password: String) -> bool;

    #[unblock(pool = self.pool())]
    fn hash(&self, password: &str) -> String {
        password.repeat(Self::ROUNDS)
    }
}

#[derive(Clone)]
struct Argon(Arc<Pool>);

impl Hasher for Argon {
    const ROUNDS: usize = 3;

    fn pool(&self) -> &Pool {
        &self.0
    }

    #[unblock(pool = self.0)]
    fn verify(&self, password: String) -> bool {
        password.len() == Self::ROUNDS
    }
}

fn main() {
    let hasher = Argon(Arc::new(Pool::global().clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert!(hasher.verify("abc".to_owned()).await);
        assert_eq!(hasher.hash("ab").await, "ababab");
    });
}
