//! Arguments: patterns, conditions, borrows.
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
pub struct Query<T>(pub T);
pub struct Guard;
pub struct Pair(pub u8, pub u8);
pub async fn patterns(
    __arg0: (u8, u8),
    __arg1: Query<u64>,
    __arg2: &u8,
    __arg3: String,
    bytes: Vec<u8>,
    word: &str,
    __arg6: Guard,
    __arg7: Pair,
) -> usize {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    __unblock::goes_to_the_pool(&__arg0);
    __unblock::goes_to_the_pool(&__arg1);
    let __arg2 = __unblock::copy_for_the_job(__arg2);
    __unblock::goes_to_the_pool(&__arg3);
    __unblock::goes_to_the_pool(&bytes);
    let word = __unblock::copy_for_the_job(word);
    __unblock::goes_to_the_pool(&__arg6);
    __unblock::goes_to_the_pool(&__arg7);
    let __job = move || -> usize {
        #[allow(unused_mut)]
        let mut __arg0 = __arg0;
        let (one, two) = __arg0;
        #[allow(unused_mut)]
        let mut __arg1 = __arg1;
        let Query(n) = __arg1;
        #[allow(unused_mut)]
        let mut __arg2 = __unblock::Owned::get(&__arg2);
        let &three = __arg2;
        #[allow(unused_mut)]
        let mut __arg3 = __arg3;
        let ref text = __arg3;
        let mut bytes = bytes;
        let mut word = __unblock::Owned::get(&word);
        let __arg6 = __arg6;
        #[allow(unused_mut)]
        let mut __arg7 = __arg7;
        let whole @ Pair(left, ..) = __arg7;
        '_unblock: {
            bytes.extend([one, two, three, left, whole.1]);
            word = word.trim();
            bytes.len() + text.len() + word.len() + usize::from(n > 1)
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome)
}
pub async fn conditional(
    #[cfg(unix)]
    fd: i32,
    #[allow(unused_variables)]
    unused: &str,
    odd: u8,
) {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    #[cfg(unix)] __unblock::goes_to_the_pool(&fd);
    let unused = __unblock::copy_for_the_job(unused);
    __unblock::goes_to_the_pool(&odd);
    let __job = move || -> () {
        #[cfg(unix)]
        let fd = fd;
        #[allow(unused_variables)]
        let unused = __unblock::Owned::get(&unused);
        #[expect(unused_mut)]
        let mut odd = odd;
        '_unblock: {
            #[cfg(unix)]
            assert!(fd > 0);
            assert!(odd > 0);
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome);
}
pub async fn borrowed<'a, T: Clone + Send + Sync + 'static>(
    text: &'a str,
    forever: &'static str,
    path: &Path,
    item: &T,
    shared: &Arc<T>,
    reader: &(impl Read + Clone + Send + 'static),
    visit: impl Fn(&str) -> &str + Send + 'static,
) -> usize {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    let text = __unblock::copy_for_the_job(text);
    __unblock::goes_to_the_pool(&forever);
    let path = __unblock::copy_for_the_job(path);
    let item = __unblock::copy_for_the_job(item);
    let shared = __unblock::copy_for_the_job(shared);
    let reader = __unblock::copy_for_the_job(reader);
    __unblock::goes_to_the_pool(&visit);
    let __job = move || -> usize {
        let text = __unblock::Owned::get(&text);
        let forever = forever;
        let path = __unblock::Owned::get(&path);
        let item = __unblock::Owned::get(&item);
        let shared = __unblock::Owned::get(&shared);
        let reader = __unblock::Owned::get(&reader);
        let visit = visit;
        '_unblock: {
            let (_, _) = (item, reader);
            visit(text).len() + forever.len() + path.components().count()
                + Arc::strong_count(shared)
        }
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome)
}
pub async fn held(_guard: Guard) {
    use ::unblock_runtime::__private as __unblock;
    let __handler = {
        static HANDLER: __unblock::Handler = __unblock::Handler::new();
        &HANDLER
    };
    __unblock::goes_to_the_pool(&_guard);
    let __job = move || -> () {
        #[allow(clippy::no_effect_underscore_binding)]
        let _guard = _guard;
        '_unblock: {}
    };
    let __outcome = __unblock::Call::new(__handler).run(__job).await;
    __unblock::infallible(__outcome);
}
