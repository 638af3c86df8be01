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
pub async fn shed() -> Result<(), Error> {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __job = move || -> Result<(), Error> { Ok(()) };
    let __outcome = __unblock::Call::new(__handler).shed().run(__job).await;
    __unblock::fallible(__outcome)
}
pub async fn detached(limit: Duration) -> Result<(), Error> {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::named("write it down");
        &HANDLER
    };
    let __timeout: ::core::time::Duration = { limit / 2 };
    __unblock::goes_to_the_pool(&limit);
    let __job = move || -> Result<(), Error> {
        #[allow(unused_variables)]
        let limit = limit;
        '_unblock: { Ok(()) }
    };
    let __outcome = __unblock::Call::new(__handler)
        .timeout(__timeout)
        .detach()
        .run(__job)
        .await;
    __unblock::fallible(__outcome)
}
pub async fn some_at_a_time() -> u8 {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new()
            .concurrency(LIMIT);
        &HANDLER
    };
    let __job = move || -> u8 { 1 };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome)
}
pub async fn elsewhere() -> Result<(), Error> {
    use unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __pool = {
        let __pool = &Pool::global();
        let __pool: &__unblock::Pool = __pool;
        __unblock::Pool::clone(__pool)
    };
    let __job = move || -> Result<(), Error> { Ok(()) };
    let __outcome = __unblock::Call::new(__handler)
        .pool(__pool)
        .timeout(::core::time::Duration::from_millis(1500))
        .run(__job)
        .await;
    __unblock::fallible(__outcome)
}
pub async fn by_argument(pools: &Pools, user: String) -> Result<(), Error> {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __pool = {
        let __pool = &pools.of(&user);
        let __pool: &__unblock::Pool = __pool;
        __unblock::Pool::clone(__pool)
    };
    let pools = __unblock::copy_for_the_job(pools);
    __unblock::goes_to_the_pool(&user);
    let __job = move || -> Result<(), Error> {
        #[allow(unused_variables)]
        let pools = __unblock::Owned::get(&pools);
        #[allow(unused_variables)]
        let user = user;
        '_unblock: { Ok(()) }
    };
    let __outcome = __unblock::Call::new(__handler)
        .pool(__pool)
        .timeout(::core::time::Duration::from_mins(1))
        .run(__job)
        .await;
    __unblock::fallible(__outcome)
}
pub async fn by_pattern(__arg0: State<App>, __arg1: State<u8>) -> u8 {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __pool = {
        use __unblock::prelude::*;
        #[allow(unused_variables, clippy::pattern_type_mismatch)]
        let State(ref state) = __arg0;
        let state = (&__unblock::Variable(state)).variable_value();
        let __pool = &state.pool;
        let __pool: &__unblock::Pool = __pool;
        __unblock::Pool::clone(__pool)
    };
    __unblock::goes_to_the_pool(&__arg0);
    __unblock::goes_to_the_pool(&__arg1);
    let __job = move || -> u8 {
        #[allow(unused_mut)]
        let mut __arg0 = __arg0;
        #[allow(unused_variables)]
        let State(state) = __arg0;
        #[allow(unused_mut)]
        let mut __arg1 = __arg1;
        let State(n) = __arg1;
        '_unblock: { n }
    };
    let __outcome = __unblock::Call::new(__handler).pool(__pool).run(__job).await;
    __unblock::infallible(__outcome)
}
pub async fn foreign_error() -> Result<(), String> {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __job = move || -> Result<(), String> { Ok(()) };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::failing_as(__outcome, |error: Error| error.to_string())
}
pub struct Job {
    pool: Pool,
    limit: Duration,
}
impl Job {
    pub async fn finish(self) -> Result<(), Error> {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __pool = {
            let __pool = &self.pool;
            let __pool: &__unblock::Pool = __pool;
            __unblock::Pool::clone(__pool)
        };
        let __timeout: ::core::time::Duration = { self.limit };
        __unblock::goes_to_the_pool(&self);
        let __job = move || -> Result<(), Error> {
            _ = &self;
            '_unblock: { Ok(()) }
        };
        let __outcome = __unblock::Call::new(__handler)
            .pool(__pool)
            .timeout(__timeout)
            .run(__job)
            .await;
        __unblock::fallible(__outcome)
    }
}
