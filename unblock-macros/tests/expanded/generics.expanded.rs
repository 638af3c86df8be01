//! Type parameters, constants, `impl Trait`.
use std::fmt;
use std::hash::Hash;
#[derive(Clone)]
pub struct Table<T> {
    row: T,
}
impl<T> Table<T>
where
    T: Clone + Send + Sync + 'static,
{
    pub async fn rows<K, const N: usize>(
        &self,
        keys: [K; N],
        last: impl Ord + Send + 'static,
    ) -> [T; N]
    where
        K: Hash + Send + 'static,
    {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        __unblock::goes_to_the_pool(&keys);
        __unblock::goes_to_the_pool(&last);
        let __job = move || -> [T; N] {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            let keys = keys;
            let last = last;
            '_unblock: {
                drop(last);
                keys.map(|_| copy_of_self.row.clone())
            }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
}
pub async fn lines(
    text: String,
) -> Result<impl Iterator<Item = String> + Send + 'static, fmt::Error> {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    __unblock::goes_to_the_pool(&text);
    let __job = move || -> Result<_, fmt::Error> {
        let text = text;
        '_unblock: {
            Ok(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter())
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::prelude::*;
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
pub async fn lengths() -> impl Fn(&str) -> usize + Send {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __job = {
        fn __returns<__R: Fn(&str) -> usize + Send, __F: ::core::ops::FnOnce() -> __R>(
            job: __F,
        ) -> __F {
            job
        }
        __returns(move || -> _ { |text| text.len() })
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome)
}
