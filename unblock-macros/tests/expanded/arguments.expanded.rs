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
    let __arg0 = ::unblock_runtime::__private::moved(__arg0);
    let __arg1 = ::unblock_runtime::__private::moved(__arg1);
    let __arg2 = ::unblock_runtime::__private::own(__arg2);
    let __arg3 = ::unblock_runtime::__private::moved(__arg3);
    let e = ::unblock_runtime::__private::moved(e);
    let f = ::unblock_runtime::__private::own(f);
    let __arg6 = ::unblock_runtime::__private::moved(__arg6);
    let __arg7 = ::unblock_runtime::__private::moved(__arg7);
    let __job = move || -> usize {
        let __arg0 = __arg0;
        let (a, b) = __arg0;
        let __arg1 = __arg1;
        let Path(n) = __arg1;
        let __arg2 = __arg2.get();
        let &c = __arg2;
        let __arg3 = __arg3;
        let ref d = __arg3;
        let mut e = e;
        let mut f = f.get();
        let __arg6 = __arg6;
        let __arg7 = __arg7;
        let whole @ Pair(left, ..) = __arg7;
        { body() }
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
async fn conditional(
    #[cfg(unix)]
    fd: i32,
    #[allow(unused_variables)]
    unused: &str,
    odd: u8,
) {
    #[cfg(unix)]
    let fd = ::unblock_runtime::__private::moved(fd);
    let unused = ::unblock_runtime::__private::own(unused);
    let odd = ::unblock_runtime::__private::moved(odd);
    let __job = move || -> () {
        #[cfg(unix)]
        let fd = fd;
        #[allow(unused_variables)]
        let unused = unused.get();
        #[expect(unused_mut)]
        let mut odd = odd;
        {}
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
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
    let text = ::unblock_runtime::__private::own(text);
    let forever = ::unblock_runtime::__private::moved(forever);
    let path = ::unblock_runtime::__private::own(path);
    let item = ::unblock_runtime::__private::own(item);
    let shared = ::unblock_runtime::__private::own(shared);
    let reader = ::unblock_runtime::__private::own(reader);
    let visit = ::unblock_runtime::__private::moved(visit);
    let __job = move || -> () {
        let text = text.get();
        let forever = forever;
        let path = path.get();
        let item = item.get();
        let shared = shared.get();
        let reader = reader.get();
        let visit = visit;
        {}
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
async fn held(_guard: Guard) {
    let _guard = ::unblock_runtime::__private::moved(_guard);
    let __job = move || -> () {
        #[allow(clippy::no_effect_underscore_binding)]
        let _guard = _guard;
        {}
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
