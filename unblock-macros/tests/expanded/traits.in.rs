//! Methods of traits.

pub trait Verifier {
    async fn verify(&self, password: String) -> bool;
}

pub trait Hasher: Clone + Send + Sync + 'static {
    fn rounds(&self, password: &str) -> String;

    #[unblock]
    fn hash(&self, password: &str) -> String {
        self.rounds(password)
    }
}

#[derive(Clone)]
pub struct Argon(usize);

impl Argon {
    fn check(&self, password: &str) -> bool {
        password.len() > self.0
    }
}

impl Verifier for Argon {
    #[unblock]
    fn verify(&self, password: String) -> bool {
        self.check(&password)
    }
}
