use std::path::Path;
use std::sync::LazyLock;
use unblock_runtime::processes::ProcessPool;
use unblock_runtime::Error;
static CRUNCH: LazyLock<ProcessPool> = LazyLock::new(|| {
    ProcessPool::builder().build().expect("worker processes")
});
/// Counts words.
///
/// Runs on the pool `CRUNCH`, for at most 2s.
async fn count(
    text: &str,
    image: &[u8],
    path: &Path,
    __arg3: (u32, u32),
) -> Result<usize, Error> {
    use ::unblock_runtime::__private as __unblock;
    #[allow(clippy::unnecessary_wraps)]
    fn __body(
        text: &str,
        image: &[u8],
        path: &Path,
        (min, max): (u32, u32),
    ) -> Result<usize, Error> {
        let _ = (image, path, min, max);
        Ok(text.split(' ').count())
    }
    let (__handler, __function) = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        static REMOTE: __unblock::remote::Function = __unblock::remote::Function::new(
            &HANDLER,
            ::core::concat!(::core::module_path!(), "::count"),
            "(&str, &[u8], &Path, (u32, u32)) -> Result<usize, Error>",
            ::core::env!("CARGO_PKG_VERSION"),
            |__message| {
                let text = __message.text("`text` of `count`")?;
                let image = __message.bytes("`image` of `count`")?;
                let path = __message.lend::<Path>("`path` of `count`")?;
                let __arg3 = __message.take::<(u32, u32)>("`(min, max)` of `count`")?;
                __unblock::remote::Answer::into_reply(
                    __body(text, image, __unblock::Owned::get(&path), __arg3),
                )
            },
        );
        __unblock::remote::inventory::submit! {
            __unblock::remote::Registered(& REMOTE)
        }
        (&HANDLER, &REMOTE)
    };
    let __pool = { __unblock::remote::target(&CRUNCH) };
    let text = __unblock::copy_for_the_job(text);
    let image = __unblock::copy_for_the_job(image);
    let path = __unblock::copy_for_the_job(path);
    __unblock::goes_to_the_pool(&__arg3);
    let __outcome = __unblock::Call::new(__handler)
        .timeout(::core::time::Duration::from_secs(2))
        .shed()
        .run_remote(
            __pool,
            __function,
            (text, image, path, __arg3),
            |(text, image, path, __arg3)| __body(
                __unblock::Owned::get(&text),
                __unblock::Owned::get(&image),
                __unblock::Owned::get(&path),
                __arg3,
            ),
            |(text, image, path, __arg3), __message| {
                __message.put("`text` of `count`", __unblock::Owned::copy(text))?;
                __message.put("`image` of `count`", __unblock::Owned::copy(image))?;
                __message.put("`path` of `count`", __unblock::Owned::copy(path))?;
                __message.put("`(min, max)` of `count`", __arg3)?;
                ::core::result::Result::Ok(())
            },
        )
        .await;
    __unblock::fallible(__outcome)
}
async fn nothing() -> Result<(), String> {
    use ::unblock_runtime::__private as __unblock;
    #[allow(clippy::unnecessary_wraps)]
    fn __body() -> Result<(), String> {
        Ok(())
    }
    let (__handler, __function) = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        static REMOTE: __unblock::remote::Function = __unblock::remote::Function::new(
            &HANDLER,
            ::core::concat!(::core::module_path!(), "::nothing"),
            "() -> Result<(), String>",
            ::core::env!("CARGO_PKG_VERSION"),
            |_| { __unblock::remote::Answer::into_reply(__body()) },
        );
        __unblock::remote::inventory::submit! {
            __unblock::remote::Registered(& REMOTE)
        }
        (&HANDLER, &REMOTE)
    };
    let __pool = { __unblock::remote::target(&CRUNCH) };
    let __outcome = __unblock::Call::new(__handler)
        .run_remote(
            __pool,
            __function,
            (),
            |()| __body(),
            |(), _| { ::core::result::Result::Ok(()) },
        )
        .await;
    __unblock::failing_as(__outcome, to_text)
}
#[allow(clippy::needless_pass_by_value)]
fn to_text(_error: Error) -> String {
    "no value".to_owned()
}
