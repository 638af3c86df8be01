use unblock_runtime::unblock;

#[derive(Clone)]
struct Store;

impl Store {
    #[unblock(pol = self.pool, timeout = "2")]
    async fn find(&mut self, name: Option<&str>, out: &mut String) -> &str {
        out.push_str(name.unwrap_or(""));
        ""
    }
}

fn main() {
    let _ = Store.find(None, &mut String::new());
}
