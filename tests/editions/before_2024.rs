//! What is only in the editions before 2024.

use unblock_runtime::unblock;

#[unblock]
fn twice(gen: u64) -> u64 {
    gen * 2
}

#[derive(Clone)]
struct Numbers(u64);

impl Numbers {
    #[unblock]
    fn add(&self, gen: u64) -> u64 {
        self.0 + gen
    }
}

#[test]
fn an_argument_is_named_gen() {
    assert_eq!(crate::block_on(twice(2)), 4);
    assert_eq!(crate::block_on(Numbers(1).add(2)), 3);
}
