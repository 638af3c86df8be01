//! What `#[async_trait]` makes of an `async fn`, in short.
use std::pin::Pin;
#[derive(Clone)]
pub struct Store(u64);
impl Store {
    pub fn find<'life0, 'life1, 'async_trait>(
        &'life0 self,
        name: &'life1 str,
    ) -> Pin<Box<dyn Future<Output = u64> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            use ::unblock_runtime::__private as __unblock;
            let __handler = {
                static HANDLER: __unblock::Handler = __unblock::Handler::new();
                &HANDLER
            };
            let __reentry = __unblock::Reentry::new(__handler);
            if __reentry.is_here() {
                let __body = move || -> u64 {
                    let name = name;
                    '_unblock: {
                        let this = self;
                        let name = name;
                        u64::try_from(name.len()).map_or(0, |length| length + this.0)
                    }
                };
                return __reentry.leave(__body()).await;
            }
            let copy_of_self = __unblock::copy_for_the_job(self);
            let name = __unblock::copy_for_the_job(name);
            let __job = move || {
                __reentry
                    .enter(
                        Self::find,
                        (
                            __unblock::Owned::get(&copy_of_self),
                            __unblock::Owned::get(&name),
                        ),
                    )
            };
            let __outcome = __unblock::Call::new(__handler).run(__job).await;
            __unblock::infallible(__outcome)
        })
    }
}
