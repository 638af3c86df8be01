async fn shed() -> Result<(), Error> {
    let __job = move || -> Result<(), Error> { Ok(()) };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).shed().run(__job).await
    };
    ::unblock_runtime::__private::fallible(__outcome)
}
async fn detached(limit: Duration) -> Result<(), Error> {
    let __timeout: ::core::time::Duration = limit / 2;
    let limit = ::unblock_runtime::__private::moved(limit);
    let __job = move || -> Result<(), Error> {
        #[allow(unused_variables)]
        let limit = limit;
        { Ok(()) }
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::named(
            "write it down",
        );
        ::unblock_runtime::__private::Call::new(&HANDLER)
            .timeout(__timeout)
            .detach()
            .run(__job)
            .await
    };
    ::unblock_runtime::__private::fallible(__outcome)
}
async fn some_at_a_time() -> u8 {
    let __job = move || -> u8 { 1 };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new()
            .concurrency(LIMIT);
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
async fn elsewhere() -> Result<(), Error> {
    let __pool: &my_crate::unblock_runtime::Pool = &POOL;
    let __job = move || -> Result<(), Error> { Ok(()) };
    let __outcome = {
        static HANDLER: my_crate::unblock_runtime::__private::Handler = my_crate::unblock_runtime::__private::Handler::new();
        my_crate::unblock_runtime::__private::Call::new(&HANDLER)
            .pool(__pool)
            .timeout(::core::time::Duration::from_millis(1500))
            .run(__job)
            .await
    };
    my_crate::unblock_runtime::__private::fallible(__outcome)
}
async fn by_argument(pools: &Pools, user: User) -> Result<(), Error> {
    let __pool: &::unblock_runtime::Pool = &pools.of(&user);
    let __pool = ::unblock_runtime::Pool::clone(__pool);
    let pools = ::unblock_runtime::__private::own(pools);
    let user = ::unblock_runtime::__private::moved(user);
    let __job = move || -> Result<(), Error> {
        #[allow(unused_variables)]
        let pools = pools.get();
        #[allow(unused_variables)]
        let user = user;
        { Ok(()) }
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER)
            .pool(&__pool)
            .timeout(::core::time::Duration::from_secs(60))
            .run(__job)
            .await
    };
    ::unblock_runtime::__private::fallible(__outcome)
}
async fn by_pattern(__arg0: State<App>, __arg1: Path<u8>) -> u8 {
    let __pool: &::unblock_runtime::Pool = {
        #[allow(unused_variables, clippy::pattern_type_mismatch)]
        let State(state) = &__arg0;
        &state.pool
    };
    let __pool = ::unblock_runtime::Pool::clone(__pool);
    let __arg0 = ::unblock_runtime::__private::moved(__arg0);
    let __arg1 = ::unblock_runtime::__private::moved(__arg1);
    let __job = move || -> u8 {
        let __arg0 = __arg0;
        #[allow(unused_variables)]
        let State(mut state) = __arg0;
        let __arg1 = __arg1;
        let Path(n) = __arg1;
        { n }
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).pool(&__pool).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
impl Job {
    async fn finish(self) -> Result<(), Error> {
        let __pool: &::unblock_runtime::Pool = &self.pool;
        let __pool = ::unblock_runtime::Pool::clone(__pool);
        let __timeout: ::core::time::Duration = self.limit;
        let __self = ::unblock_runtime::__private::moved(self);
        let __job = move || -> Result<(), Error> {
            let __self = __self;
            { Ok(()) }
        };
        let __outcome = {
            static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
            ::unblock_runtime::__private::Call::new(&HANDLER)
                .pool(&__pool)
                .timeout(__timeout)
                .run(__job)
                .await
        };
        ::unblock_runtime::__private::fallible(__outcome)
    }
}
