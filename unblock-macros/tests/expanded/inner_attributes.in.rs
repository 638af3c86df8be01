//! Attributes inside the body.

#[unblock]
pub fn allowed(n: u8) -> u8 {
    #![allow(clippy::needless_return)]
    return n;
}
