#[allow(unreachable_code)]
async fn allowed() -> u8 {
    let __job = move || -> u8 {
        return 1;
        2
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
