use unblock_runtime::{Error, unblock};

#[unblock(time_out = "2s")]
fn near_miss() {}

#[unblock(executor = POOL)]
fn other_word() {}

#[unblock(priority = 3, shed)]
fn unknown() -> Result<(), Error> {
    Ok(())
}

#[unblock(shed, detach, shed)]
fn twice() -> Result<(), Error> {
    Ok(())
}

#[unblock("db")]
fn no_name() {}

#[unblock(pool)]
fn no_pool() {}

#[unblock(pool = )]
fn empty_pool() {}

#[unblock(shed = true)]
fn value() {}

#[unblock(name = "")]
fn empty_name() {}

#[unblock(name = NAME)]
fn constant_name() {}

#[unblock(crate = "unblock_runtime")]
fn quoted_crate() {}

#[unblock(detach shed)]
fn no_comma() {}

async fn caller() {
    near_miss().await;
    other_word().await;
    unknown().await.unwrap();
    twice().await.unwrap();
    no_name().await;
    no_pool().await;
    empty_pool().await;
    value().await;
    empty_name().await;
    constant_name().await;
    quoted_crate().await;
    no_comma().await;
}

fn main() {
    let _ = caller();
}
