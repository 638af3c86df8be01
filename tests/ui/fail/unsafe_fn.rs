use unblock_runtime::unblock;

#[unblock]
unsafe fn read(address: usize) -> u8 {
    address as u8
}

fn main() {
    let _ = unsafe { read(1) };
}
