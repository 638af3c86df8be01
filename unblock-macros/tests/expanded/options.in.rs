#[unblock(shed)]
fn shed() -> Result<(), Error> {
    Ok(())
}

#[unblock(detach, name = "write it down", timeout = limit / 2)]
fn detached(limit: Duration) -> Result<(), Error> {
    Ok(())
}

#[unblock(concurrency = LIMIT)]
fn some_at_a_time() -> u8 {
    1
}

#[unblock(crate = my_crate::unblock_runtime, pool = POOL, timeout = "1.5s")]
fn elsewhere() -> Result<(), Error> {
    Ok(())
}

#[unblock(pool = pools.of(&user), timeout = "1m")]
fn by_argument(pools: &Pools, user: User) -> Result<(), Error> {
    Ok(())
}

#[unblock(pool = state.pool)]
fn by_pattern(State(mut state): State<App>, Path(n): Path<u8>) -> u8 {
    n
}

impl Job {
    #[unblock(pool = self.pool, timeout = self.limit)]
    fn finish(self) -> Result<(), Error> {
        Ok(())
    }
}
