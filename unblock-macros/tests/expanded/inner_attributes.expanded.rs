#[allow(unreachable_code)]
async fn allowed() -> u8 {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __job = move || -> u8 {
        return 1;
        2
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
