/// A picture, made smaller.
#[must_use]
///
/// Runs on a thread of the global pool.
pub async fn thumbnail(image: &[u8], width: u32) -> Vec<u8> {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let image = __unblock::copy_for_the_job(image);
    __unblock::goes_to_the_pool(&width);
    let __job = move || -> Vec<u8> {
        let image = __unblock::Owned::get(&image);
        let width = width;
        '_unblock: {
            let picture = decode(image);
            picture.resize(width)
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
async fn nothing() {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __job = move || -> () {
        std::fs::remove_file("/tmp/it").ok();
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    {
        use __unblock::{ByError as _, ByPanic as _};
        (&__outcome).outcome_conversion().finish(__outcome)
    }
}
