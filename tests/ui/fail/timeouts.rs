use unblock_runtime::{Error, unblock};

#[unblock(timeout)]
fn missing() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "5")]
fn no_unit() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = 5)]
fn no_quotes() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = 5s)]
fn suffix() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "-1s")]
fn negative() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "3 fortnights")]
fn unit() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "soon")]
fn words() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "0s")]
fn zero() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = "99999999999999999999h")]
fn overflow() -> Result<(), Error> {
    Ok(())
}

#[unblock(timeout = 1 + 1)]
fn not_a_duration() -> Result<(), Error> {
    Ok(())
}

fn main() {}
