#[unblock]
fn allowed() -> u8 {
    #![allow(unreachable_code)]
    return 1;
    2
}
