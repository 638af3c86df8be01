impl Store {
    #[unblock]
    fn describe(&self) -> String {
        use self::format::{self, Style};
        println!("{self:?} {{self}} {} {rows}", self.rows, rows = self.rows);
        let all = vec!["{self}", self.name];
        let style = self::format::default();
        struct Local(pub(self) u8);
        impl<const N: usize> Take<{ N }> for Local
        where
            u8: Copy,
        {
            fn take(self) -> u8 {
                self.0
            }
        }
        log!(target: "store", "{self} has {}", { self.rows });
        format!(r#"{self} {}"#, (|| self.rows)())
    }
}
