//! The attribute above an `impl` and a `mod`.

use std::fmt::Display;

#[derive(Clone)]
pub struct Store(usize);

#[unblock(concurrency = 2)]
impl Store {
    pub fn count(&self) -> usize {
        self.0
    }

    #[unblock(name = "all rows")]
    pub fn rows(&self, text: &str) -> usize {
        self.0 + text.len()
    }

    #[unblock(skip)]
    #[must_use]
    pub fn cheap(&self) -> usize {
        self.0
    }
}

pub trait Describe {
    async fn describe(&self, other: impl Display + Send + 'static) -> String;
}

#[unblock]
impl Describe for Store {
    fn describe(&self, other: impl Display + Send + 'static) -> String {
        format!("{} {other}", self.0)
    }
}

#[unblock]
pub mod handlers {
    pub fn one() -> u8 {
        1
    }

    #[must_use]
    pub const fn two() -> u8 {
        2
    }
}
