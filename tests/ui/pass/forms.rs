//! Every form of function.

use std::borrow::Cow;
use std::ffi::{CStr, OsStr};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use unblock_runtime::{Error, Pool, unblock};

static POOL: LazyLock<Pool> = LazyLock::new(|| Pool::builder().name("forms").build().unwrap());

#[derive(Clone)]
struct Store {
    pool: Arc<Pool>,
    limit: Duration,
    rows: u64,
}

struct Pair(u64, u64);

impl Store {
    #[unblock(pool = self.pool, timeout = self.limit)]
    fn by_reference(&self, id: u64) -> Result<u64, Error> {
        Ok(self.rows + id)
    }

    #[unblock(pool = self.pool)]
    fn by_value(self) -> Self {
        self
    }

    #[unblock]
    fn by_mutable_value(mut self) -> Self {
        self.rows += 1;
        self
    }

    #[unblock(pool = POOL)]
    fn by_arc(self: Arc<Self>) -> u64 {
        self.rows
    }

    #[unblock(pool = &*POOL)]
    fn by_borrowed_arc(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self)
    }

    #[unblock]
    fn by_typed_reference(self: &Self) -> u64 {
        self.rows
    }

    #[unblock]
    fn by_static_reference(&'static self) -> &'static Duration {
        &self.limit
    }

    #[unblock]
    fn boxed(self: Box<Self>) -> u64 {
        self.rows
    }

    #[unblock]
    fn associated(rows: u64) -> Self {
        Self { pool: Arc::new(Pool::global().clone()), limit: Duration::from_secs(1), rows }
    }
}

#[unblock]
fn borrowed<'a>(
    text: &'a str,
    bytes: &[u8],
    path: &Path,
    os: &OsStr,
    c: &CStr,
    number: &u64,
    list: &Vec<u64>,
) -> usize {
    text.len()
        + bytes.len()
        + path.components().count()
        + os.len()
        + c.count_bytes()
        + list.len()
        + usize::from(*number > 1)
}

#[unblock]
fn forever(text: &'static str, cow: Cow<'static, str>, visit: fn(&str) -> usize) -> &'static str {
    if visit(&cow) > 0 { text } else { "" }
}

#[unblock]
fn patterns(
    Pair(a, mut b): Pair,
    (c, _): (u64, u64),
    &d: &u64,
    whole @ [e, ..]: [u64; 2],
    mut f: u64,
    _: String,
) -> u64 {
    b += 1;
    f += 1;
    a + b + c + d + e + f + whole[1]
}

#[unblock(pool = state.pool, timeout = state.limit / scale)]
fn options_from_arguments((state, _): (Store, u8), scale: u32) -> Result<u64, Error> {
    Ok(state.rows)
}

#[unblock]
fn opaque(text: String) -> Result<impl Iterator<Item = char>, Error> {
    Ok(text.chars().collect::<Vec<_>>().into_iter())
}

#[unblock]
fn never() -> ! {
    panic!("never")
}

#[unblock]
fn conditional(#[cfg(any())] missing: Rc<u8>, #[cfg(all())] there: u64) -> u64 {
    #![allow(clippy::needless_return)]
    return there;
}

#[unblock(name = "by name", detach, shed, timeout = "1.5s", crate = ::unblock_runtime)]
fn every_option() -> Result<(), Error> {
    Ok(())
}

fn sendable<T: Send>(_: &T) {}

#[allow(unreachable_code)]
async fn all(store: &'static Store) -> Result<(), Error> {
    let _: u64 = store.by_reference(1).await?;
    let _: Store = store.clone().by_value().await.by_mutable_value().await;
    let arc: Arc<Store> = Arc::new(store.clone()).by_borrowed_arc().await;
    let _: u64 = arc.by_arc().await + store.by_typed_reference().await;
    let _: &'static Duration = store.by_static_reference().await;
    let _: u64 = Box::new(Store::associated(1).await).boxed().await;
    let _: usize = borrowed("", b"", Path::new("/"), OsStr::new(""), c"", &1, &Vec::new()).await;
    let _: &'static str = forever("", "".into(), str::len).await;
    let _: u64 = patterns(Pair(1, 2), (3, 4), &5, [6, 7], 8, String::new()).await;
    let _: u64 = options_from_arguments((store.clone(), 1), 2).await?;
    let _: usize = opaque(String::new()).await?.count();
    let _: u64 = conditional(1).await;
    every_option().await?;
    never().await
}

fn main() {
    let store = Store { pool: Arc::new(Pool::global().clone()), limit: Duration::from_secs(1), rows: 1 };
    sendable(&all(Box::leak(Box::new(store))));
}
