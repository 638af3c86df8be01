//! The attribute above an `impl` and a `mod`.
use std::fmt::Display;
#[derive(Clone)]
pub struct Store(usize);
impl Store {
    pub async fn count(&self) -> usize {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new()
                .concurrency(2);
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        let __job = move || -> usize {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            '_unblock: { copy_of_self.0 }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    pub async fn rows(&self, text: &str) -> usize {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::named("all rows")
                .concurrency(2);
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        let text = __unblock::copy_for_the_job(text);
        let __job = move || -> usize {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            let text = __unblock::Owned::get(&text);
            '_unblock: { copy_of_self.0 + text.len() }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    #[must_use]
    pub fn cheap(&self) -> usize {
        self.0
    }
}
pub trait Describe {
    async fn describe(&self, other: impl Display + Send + 'static) -> String;
}
impl Describe for Store {
    async fn describe(&self, other: impl Display + Send + 'static) -> String {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __reentry = __unblock::Reentry::new(__handler);
        if __reentry.is_here() {
            let __body = move || -> String {
                let other = other;
                '_unblock: { format!("{} {other}", self.0) }
            };
            return __reentry.leave(__body()).await;
        }
        let copy_of_self = __unblock::copy_for_the_job(self);
        __unblock::goes_to_the_pool(&other);
        let __job = move || {
            __reentry
                .enter(
                    <Self as Describe>::describe,
                    (__unblock::Owned::get(&copy_of_self), other),
                )
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
}
pub mod handlers {
    pub async fn one() -> u8 {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __job = move || -> u8 { 1 };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    #[must_use]
    pub const fn two() -> u8 {
        2
    }
}
