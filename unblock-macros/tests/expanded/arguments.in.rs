//! Arguments: patterns, conditions, borrows.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

pub struct Query<T>(pub T);

pub struct Guard;

pub struct Pair(pub u8, pub u8);

#[unblock]
pub fn patterns(
    (one, two): (u8, u8),
    Query(n): Query<u64>,
    &three: &u8,
    ref text: String,
    mut bytes: Vec<u8>,
    mut word: &str,
    _: Guard,
    whole @ Pair(left, ..): Pair,
) -> usize {
    bytes.extend([one, two, three, left, whole.1]);
    word = word.trim();
    bytes.len() + text.len() + word.len() + usize::from(n > 1)
}

#[unblock]
pub fn conditional(#[cfg(unix)] fd: i32, #[allow(unused_variables)] unused: &str, #[expect(unused_mut)] mut odd: u8) {
    #[cfg(unix)]
    assert!(fd > 0);
    assert!(odd > 0);
}

#[unblock]
pub fn borrowed<'a, T: Clone + Send + Sync + 'static>(
    text: &'a str,
    forever: &'static str,
    path: &Path,
    item: &T,
    shared: &Arc<T>,
    reader: &(impl Read + Clone + Send + 'static),
    visit: impl Fn(&str) -> &str + Send + 'static,
) -> usize {
    let (_, _) = (item, reader);
    visit(text).len() + forever.len() + path.components().count() + Arc::strong_count(shared)
}

#[unblock]
pub fn held(_guard: Guard) {}
