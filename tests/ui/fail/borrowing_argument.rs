use std::borrow::Cow;
use std::fmt::Display;
use std::path::Path;

use unblock_runtime::unblock;

struct View<'a>(&'a [u8]);

#[unblock]
fn optional(name: Option<&str>) -> usize {
    name.map_or(0, str::len)
}

#[unblock]
fn many(names: &[&str], paths: Vec<&Path>, (a, _): (&str, u8)) -> usize {
    names.len() + paths.len() + a.len()
}

#[unblock]
fn cow(text: Cow<'_, str>) -> usize {
    text.len()
}

#[unblock]
fn named<'a>(view: View<'a>) -> usize {
    view.0.len()
}

#[unblock]
fn opaque(text: impl Display + '_, boxed: Box<dyn Display + '_>) -> String {
    format!("{text}{boxed}")
}

async fn caller() {
    let _: usize = optional(Some("")).await;
    let _: usize = many(&[], Vec::new(), ("", 1)).await;
    let _: usize = cow(Cow::Borrowed("")).await;
    let _: usize = named(View(&[])).await;
    let _: String = opaque("", Box::new("")).await;
}

fn main() {
    let _ = caller();
}
