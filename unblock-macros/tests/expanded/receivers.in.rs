//! Each kind of receiver.

use std::sync::Arc;

#[derive(Clone)]
pub struct Store {
    rows: usize,
    name: String,
}

impl Store {
    #[unblock]
    pub fn by_reference(&self) -> usize {
        self.rows
    }

    #[unblock]
    pub fn by_value(self) -> Self {
        self
    }

    #[unblock]
    pub fn by_mutable_value(mut self) -> Self {
        self.rows += 1;
        self
    }

    #[unblock]
    pub fn by_arc(self: Arc<Self>) -> usize {
        self.rows
    }

    #[unblock]
    pub fn by_borrowed_arc(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self)
    }

    #[unblock]
    pub fn by_static_reference(&'static self) -> &'static str {
        &self.name
    }

    #[unblock]
    pub fn none(rows: usize) -> Self {
        Self { rows, name: String::new() }
    }
}
