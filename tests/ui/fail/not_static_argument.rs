use unblock_runtime::unblock;

#[unblock]
fn generic<T: Into<String> + Send>(text: T) -> String {
    text.into()
}

#[unblock]
fn opaque(text: impl Into<String> + Send) -> String {
    text.into()
}

#[derive(Clone)]
struct View<'a>(&'a [u8]);

impl<'a> View<'a> {
    #[unblock]
    fn length(&self) -> usize {
        self.0.len()
    }
}

fn main() {}
