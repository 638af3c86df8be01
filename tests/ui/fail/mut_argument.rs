use unblock_runtime::unblock;

#[unblock]
fn fill(buffer: &mut Vec<u8>, text: &mut str, (first, _): &mut (u8, u8)) -> usize {
    *first += 1;
    text.make_ascii_uppercase();
    buffer.len()
}

async fn caller(buffer: &mut Vec<u8>) {
    let _: usize = fill(buffer, String::new().as_mut_str(), &mut (1, 2)).await;
}

fn main() {
    let _ = caller(&mut Vec::new());
}
