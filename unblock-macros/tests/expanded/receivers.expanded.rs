impl Store {
    async fn by_reference(&self) -> usize {
        let __self = ::unblock_runtime::__private::own(self);
        let __job = move || -> usize {
            let __self = __self.get();
            { __self.rows }
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
    async fn by_value(self) -> Self {
        let __self = ::unblock_runtime::__private::moved(self);
        let __job = move || -> Self {
            let __self = __self;
            { __self }
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
    async fn by_mutable_value(self) -> Self {
        let __self = ::unblock_runtime::__private::moved(self);
        let __job = move || -> Self {
            let mut __self = __self;
            {
                __self.rows += 1;
                __self
            }
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
    async fn by_arc(self: Arc<Self>) -> usize {
        let __self = ::unblock_runtime::__private::moved(self);
        let __job = move || -> usize {
            let __self = __self;
            { __self.rows }
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
    async fn by_borrowed_arc(self: &Arc<Self>) -> Arc<Self> {
        let __self = ::unblock_runtime::__private::own(self);
        let __job = move || -> Arc<Self> {
            let __self = __self.get();
            { Arc::clone(__self) }
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
    async fn by_static_reference(&'static self) -> &'static str {
        let __self = ::unblock_runtime::__private::moved(self);
        let __job = move || -> &'static str {
            let __self = __self;
            { &__self.name }
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
    async fn none(rows: usize) -> Self {
        let rows = ::unblock_runtime::__private::moved(rows);
        let __job = move || -> Self {
            let rows = rows;
            { Self { rows } }
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
}
