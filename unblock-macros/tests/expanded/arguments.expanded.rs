async fn patterns(
    __arg0: (u8, u8),
    __arg1: Path<u64>,
    __arg2: &u8,
    __arg3: String,
    e: Vec<u8>,
    f: &str,
    __arg6: Guard,
    __arg7: Pair,
) -> usize {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    __unblock::goes_to_the_pool(&__arg0);
    __unblock::goes_to_the_pool(&__arg1);
    let __arg2 = __unblock::copy_for_the_job(__arg2);
    __unblock::goes_to_the_pool(&__arg3);
    __unblock::goes_to_the_pool(&e);
    let f = __unblock::copy_for_the_job(f);
    __unblock::goes_to_the_pool(&__arg6);
    __unblock::goes_to_the_pool(&__arg7);
    let __job = move || -> usize {
        #[allow(unused_mut)]
        let mut __arg0 = __arg0;
        let (a, b) = __arg0;
        #[allow(unused_mut)]
        let mut __arg1 = __arg1;
        let Path(n) = __arg1;
        #[allow(unused_mut)]
        let mut __arg2 = __unblock::Owned::get(&__arg2);
        let &c = __arg2;
        #[allow(unused_mut)]
        let mut __arg3 = __arg3;
        let ref d = __arg3;
        let mut e = e;
        let mut f = __unblock::Owned::get(&f);
        let __arg6 = __arg6;
        #[allow(unused_mut)]
        let mut __arg7 = __arg7;
        let whole @ Pair(left, ..) = __arg7;
        '_unblock: { body() }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
async fn conditional(
    #[cfg(unix)]
    fd: i32,
    #[allow(unused_variables)]
    unused: &str,
    odd: u8,
) {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    #[cfg(unix)] __unblock::goes_to_the_pool(&fd);
    let unused = __unblock::copy_for_the_job(unused);
    __unblock::goes_to_the_pool(&odd);
    let __job = move || -> () {
        #[cfg(unix)]
        let fd = fd;
        #[allow(unused_variables)]
        let unused = __unblock::Owned::get(&unused);
        #[expect(unused_mut)]
        let mut odd = odd;
        '_unblock: {}
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
async fn borrowed<'a, T: Clone + Send + 'static>(
    text: &'a str,
    forever: &'static str,
    path: &Path,
    item: &T,
    shared: &Arc<T>,
    reader: &(impl Read + Clone + Send + 'static),
    visit: impl Fn(&str) -> &str + Send + 'static,
) {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let text = __unblock::copy_for_the_job(text);
    __unblock::goes_to_the_pool(&forever);
    let path = __unblock::copy_for_the_job(path);
    let item = __unblock::copy_for_the_job(item);
    let shared = __unblock::copy_for_the_job(shared);
    let reader = __unblock::copy_for_the_job(reader);
    __unblock::goes_to_the_pool(&visit);
    let __job = move || -> () {
        let text = __unblock::Owned::get(&text);
        let forever = forever;
        let path = __unblock::Owned::get(&path);
        let item = __unblock::Owned::get(&item);
        let shared = __unblock::Owned::get(&shared);
        let reader = __unblock::Owned::get(&reader);
        let visit = visit;
        '_unblock: {}
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
async fn held(_guard: Guard) {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    __unblock::goes_to_the_pool(&_guard);
    let __job = move || -> () {
        #[allow(clippy::no_effect_underscore_binding)]
        let _guard = _guard;
        '_unblock: {}
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
