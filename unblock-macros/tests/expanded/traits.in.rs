pub trait Hasher: Clone + Send + Sync + 'static {
    #[unblock]
    fn hash(&self, password: &str) -> String {
        self.rounds(password)
    }
}

impl Verifier for Argon {
    #[unblock]
    fn verify(&self, password: String) -> bool {
        self.check(&password)
    }
}
