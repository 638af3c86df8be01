use std::borrow::Cow;

use unblock_runtime::unblock;

#[unblock]
fn first(words: &str) -> &str {
    words.split(' ').next().unwrap_or(words)
}

#[unblock]
fn cow<'a>(words: &'a str) -> Option<Cow<'a, str>> {
    Some(Cow::Borrowed(words))
}

#[unblock]
fn opaque(words: &str) -> impl Iterator<Item = char> + '_ {
    words.chars()
}

async fn caller() {
    let _: &str = first("a b").await;
    let _: Option<Cow<'_, str>> = cow("a b").await;
    let _: usize = opaque("a b").await.count();
}

fn main() {
    let _ = caller();
}
