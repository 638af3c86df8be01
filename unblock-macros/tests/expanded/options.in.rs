//! Each option.

use std::time::Duration;
use unblock_runtime::{Error, Pool};

const LIMIT: u32 = 4;

pub struct State<T>(pub T);

pub struct App {
    pub pool: Pool,
}

#[derive(Clone)]
pub struct Pools(Vec<Pool>);

impl Pools {
    fn of(&self, user: &str) -> &Pool {
        &self.0[user.len()]
    }
}

#[unblock(shed)]
pub fn shed() -> Result<(), Error> {
    Ok(())
}

#[unblock(detach, name = "write it down", timeout = limit / 2)]
pub fn detached(limit: Duration) -> Result<(), Error> {
    Ok(())
}

#[unblock(concurrency = LIMIT)]
pub fn some_at_a_time() -> u8 {
    1
}

#[unblock(crate = unblock_runtime, pool = Pool::global(), timeout = "1.5s")]
pub fn elsewhere() -> Result<(), Error> {
    Ok(())
}

#[unblock(pool = pools.of(&user), timeout = "1m")]
pub fn by_argument(pools: &Pools, user: String) -> Result<(), Error> {
    Ok(())
}

#[unblock(pool = state.pool)]
pub fn by_pattern(State(state): State<App>, State(n): State<u8>) -> u8 {
    n
}

#[unblock(error = |error: Error| error.to_string())]
pub fn foreign_error() -> Result<(), String> {
    Ok(())
}

pub struct Job {
    pool: Pool,
    limit: Duration,
}

impl Job {
    #[unblock(pool = self.pool, timeout = self.limit)]
    pub fn finish(self) -> Result<(), Error> {
        Ok(())
    }
}
