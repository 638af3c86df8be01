//! Functions without a receiver.

/// A picture, made smaller.
#[unblock]
#[must_use]
pub fn thumbnail(image: &[u8], width: usize) -> Vec<u8> {
    let mut picture = image.to_vec();
    picture.truncate(width);
    picture
}

#[unblock]
pub fn nothing() {
    std::fs::remove_file("/tmp/it").ok();
}
