//! An annotated function as the runtime knows it: a static in the function's body, with its name
//! and its average run time.

use std::num::NonZero;
use std::sync::OnceLock;

use crate::queue::admission::Average;
use crate::queue::concurrency_limits::ConcurrencyLimit;

/// An annotated function, of which generated code has one static each, or a name under which
/// closures are submitted.
#[derive(Debug)]
pub struct Handler {
    given: Option<&'static str>,
    derived: OnceLock<String>,
    /// The path of the type of the body's closure. A job of the function has the closure in a box.
    path: OnceLock<&'static str>,
    /// How many of its calls may run at a time in one pool.
    most: Option<NonZero<u32>>,
    pub(crate) run_time: Average,
}

impl Handler {
    /// Creates a handler that is named after its function: `Type::method` or `module::function`.
    #[expect(clippy::new_without_default, reason = "a static needs a const function")]
    pub const fn new() -> Self {
        Self::with(None)
    }

    /// Creates a handler with a name of its own.
    pub const fn named(name: &'static str) -> Self {
        Self::with(Some(name))
    }

    const fn with(given: Option<&'static str>) -> Self {
        Self {
            given,
            derived: OnceLock::new(),
            path: OnceLock::new(),
            most: None,
            run_time: Average::new(),
        }
    }

    /// Remembers the path of the type of the body's closure, by which the function is named.
    pub(crate) fn set_path(&self, path: &'static str) {
        self.path.get_or_init(|| path);
    }

    /// Applies `concurrency = …`.
    ///
    /// # Panics
    ///
    /// If it is zero, which stops the compilation, because handlers are statics.
    #[must_use]
    pub const fn concurrency(mut self, most: u32) -> Self {
        self.most = NonZero::new(most);
        assert!(self.most.is_some(), "with a concurrency of 0 no call would ever run");
        self
    }

    pub(crate) fn concurrency_limit(&'static self) -> Option<ConcurrencyLimit> {
        let handler = std::ptr::from_ref(self).addr();
        self.most.map(|most| ConcurrencyLimit { handler, most })
    }

    /// Returns the name. `path` is that of the type of the job's closure.
    pub(super) fn name(&'static self, path: &str) -> &'static str {
        let path = self.path.get().copied().unwrap_or(path);
        match self.given {
            Some(name) => name,
            None => self.derived.get_or_init(|| short_path(path)),
        }
    }
}

/// Returns the path of the function in whose body a closure was written, from that of its type.
pub(super) fn without_closures(mut path: &str) -> &str {
    while let Some(outer) = path.strip_suffix("::{{closure}}") {
        path = outer;
    }
    path
}

/// Returns the last two names of a path, without generic arguments: `Type::method` or
/// `module::function`.
///
/// The path of a trait's method is `<path::Type as path::Trait>::method`, which gives
/// `Type::method`.
fn short_path(path: &str) -> String {
    let segments = segments(without_closures(path));
    let names: Vec<&str> = segments.iter().map(|segment| last_name(segment)).collect();
    names[names.len().saturating_sub(2)..].join("::")
}

/// Returns the last name of one segment: `B` of `<a::B<C> as d::E>`, and `B` of `B<C>`.
fn last_name(segment: &str) -> &str {
    match segment.strip_prefix('<') {
        Some(qualified) => {
            let path = qualified.strip_suffix('>').unwrap_or(qualified);
            let implementor = match top_level(path, " as ").next() {
                Some(implementor) => implementor,
                None => path,
            };
            segments(implementor).last().map_or(implementor, |segment| last_name(segment))
        }
        None => segment.split('<').next().unwrap_or(segment),
    }
}

fn segments(path: &str) -> Vec<&str> {
    top_level(path, "::").filter(|segment| !is_generic_arguments(segment)).collect()
}

/// Returns true if a segment is the turbofish of the one before it, `…::<u8>`, and not a qualified
/// path.
fn is_generic_arguments(segment: &str) -> bool {
    segment.starts_with('<')
        && !segment.contains("::")
        && !segment.contains(" as ")
        && segment != "<"
}

/// Splits `path` at each `separator` outside of angle brackets.
fn top_level<'a>(path: &'a str, separator: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut depth = 0_usize;
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'<' => depth += 1,
                b'>' if at > 0 && text.as_bytes()[at - 1] != b'-' => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            if depth == 0 && text.is_char_boundary(at) && text[at..].starts_with(separator) {
                rest = Some(&text[at + separator.len()..]);
                return Some(&text[..at]);
            }
        }
        rest = None;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::short_path;

    #[test]
    fn names_are_the_last_two_of_the_path() {
        for (path, name) in [
            ("app::routes::sleep::{{closure}}::{{closure}}", "routes::sleep"),
            ("app::sleep::{{closure}}", "app::sleep"),
            ("app::store::Store::find::{{closure}}::{{closure}}", "Store::find"),
            ("app::Cache<alloc::string::String, u8>::get::{{closure}}", "Cache::get"),
            ("app::Cache<T>::get<alloc::vec::Vec<u8>>::{{closure}}", "Cache::get"),
            ("<app::store::Store as app::Find>::find::{{closure}}", "Store::find"),
            ("<app::Cache<a::B> as app::Find<a::C>>::find::{{closure}}", "Cache::find"),
            ("<app::Store>::find::{{closure}}", "Store::find"),
            ("app::call<fn(u8) -> u8>::{{closure}}", "app::call"),
            ("lonely", "lonely"),
        ] {
            assert_eq!(short_path(path), name, "{path}");
        }
    }
}
