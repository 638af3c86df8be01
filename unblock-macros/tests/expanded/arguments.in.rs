#[unblock]
fn patterns(
    (a, b): (u8, u8),
    Path(n): Path<u64>,
    &c: &u8,
    ref d: String,
    mut e: Vec<u8>,
    mut f: &str,
    _: Guard,
    whole @ Pair(left, ..): Pair,
) -> usize {
    body()
}

#[unblock]
fn conditional(#[cfg(unix)] fd: i32, #[allow(unused_variables)] unused: &str, #[expect(unused_mut)] mut odd: u8) {}

#[unblock]
fn borrowed<'a, T: Clone + Send + 'static>(
    text: &'a str,
    forever: &'static str,
    path: &Path,
    item: &T,
    shared: &Arc<T>,
    reader: &(impl Read + Clone + Send + 'static),
    visit: impl Fn(&str) -> &str + Send + 'static,
) {
}

#[unblock]
fn held(_guard: Guard) {}
