use unblock_runtime::unblock;

#[unblock]
extern "C" fn callback(code: i32) -> i32 {
    code
}

fn main() {
    let _: i32 = callback(1);
}
