//! Attributes inside the body.
#[allow(clippy::needless_return)]
pub async fn allowed(n: u8) -> u8 {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    __unblock::goes_to_the_pool(&n);
    let __job = move || -> u8 {
        let n = n;
        '_unblock: {
            return n;
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome)
}
