//! Each kind of receiver.
use std::sync::Arc;
#[derive(Clone)]
pub struct Store {
    rows: usize,
    name: String,
}
impl Store {
    pub async fn by_reference(&self) -> usize {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        let __job = move || -> usize {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            '_unblock: { copy_of_self.rows }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    pub async fn by_value(self) -> Self {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        __unblock::goes_to_the_pool(&self);
        let __job = move || -> Self {
            _ = &self;
            '_unblock: { self }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::prelude::*;
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
    pub async fn by_mutable_value(mut self) -> Self {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        __unblock::goes_to_the_pool(&self);
        let __job = move || -> Self {
            _ = &self;
            '_unblock: {
                self.rows += 1;
                self
            }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::prelude::*;
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
    pub async fn by_arc(self: Arc<Self>) -> usize {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        __unblock::goes_to_the_pool(&self);
        let __job = move || -> usize {
            _ = &self;
            '_unblock: { self.rows }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    pub async fn by_borrowed_arc(self: &Arc<Self>) -> Arc<Self> {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        let __job = move || -> Arc<Self> {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            '_unblock: { Arc::clone(copy_of_self) }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::prelude::*;
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
    pub async fn by_static_reference(&'static self) -> &'static str {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        __unblock::goes_to_the_pool(&self);
        let __job = move || -> &'static str {
            _ = &self;
            '_unblock: { &self.name }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    pub async fn none(rows: usize) -> Self {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        __unblock::goes_to_the_pool(&rows);
        let __job = move || -> Self {
            let rows = rows;
            '_unblock: { Self { rows, name: String::new() } }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::prelude::*;
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
}
