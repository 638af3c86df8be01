use unblock_runtime::unblock;

#[allow(async_fn_in_trait)]
trait Hasher {
    #[unblock]
    fn hash(&self, password: String) -> String;
}

#[derive(Clone)]
struct Plain;

impl Hasher for Plain {
    #[unblock]
    fn hash(&self, password: String) -> String {
        password
    }
}

fn main() {
    let _ = Plain.hash(String::new());
}
