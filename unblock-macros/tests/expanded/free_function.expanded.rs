//! Functions without a receiver.
/// A picture, made smaller.
#[must_use]
///
/// Runs on a thread of the global pool.
pub async fn thumbnail(image: &[u8], width: usize) -> Vec<u8> {
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
            let mut picture = image.to_vec();
            picture.truncate(width);
            picture
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome)
}
pub async fn nothing() {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let __job = move || -> () {
        std::fs::remove_file("/tmp/it").ok();
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome);
}
