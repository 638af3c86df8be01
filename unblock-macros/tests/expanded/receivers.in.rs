impl Store {
    #[unblock]
    fn by_reference(&self) -> usize {
        self.rows
    }

    #[unblock]
    fn by_value(self) -> Self {
        self
    }

    #[unblock]
    fn by_mutable_value(mut self) -> Self {
        self.rows += 1;
        self
    }

    #[unblock]
    fn by_arc(self: Arc<Self>) -> usize {
        self.rows
    }

    #[unblock]
    fn by_borrowed_arc(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self)
    }

    #[unblock]
    fn by_static_reference(&'static self) -> &'static str {
        &self.name
    }

    #[unblock]
    fn none(rows: usize) -> Self {
        Self { rows }
    }
}
