impl Store {
    #[unblock(pool = self.pool, timeout = "2s")]
    fn find(&self, id: i64, Path(n): Path<u64>, image: &[u8], mut x: u8) -> Result<Row, AppError> {
        x += 1;
        self.table.row(id, n, image, x)
    }
}
