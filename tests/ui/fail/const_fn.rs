use unblock_runtime::unblock;

#[unblock]
const fn answer() -> u8 {
    42
}

fn main() {
    let _: u8 = answer();
}
