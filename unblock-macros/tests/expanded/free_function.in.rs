/// A picture, made smaller.
#[unblock]
#[must_use]
pub fn thumbnail(image: &[u8], width: u32) -> Vec<u8> {
    let picture = decode(image);
    picture.resize(width)
}

#[unblock]
fn nothing() {
    std::fs::remove_file("/tmp/it").ok();
}
