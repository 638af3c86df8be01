//! Functions that may run elsewhere, by `#[unblock(remote)]`: how a program finds them by name, and
//! how their arguments and values are carried.
//!
//! [`registry`] has the functions of this program. [`encoder`] and [`decoder`] write and read
//! messages: the arguments on their way there, the value or the error of the function on its way
//! back, as `MessagePack` with the names of fields, so that every type of serde means what it means
//! in JSON.

mod decoder;
mod encoder;
mod error;
mod registry;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::decoder::Arguments;
pub use self::encoder::{Encoder, Reply};
pub use self::registry::{Function, Registered};
#[cfg(unix)]
pub(crate) use self::registry::{find, ids};
use crate::error::Unportable;

/// A value that can go to another process and come back: the argument of a function that runs
/// there, or its value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot go to another process",
    label = "it goes there as the text of serde, and has none",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or pass what it is made \
            from, such as a path or an id"
)]
pub trait Portable: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Portable for T {}

/// The value of a call to another process.
#[diagnostic::on_unimplemented(
    message = "a call to another process can fail, and `{Self}` cannot say so",
    label = "return `Result<_, E>` here, with `E: From<unblock_runtime::Error>`",
    note = "for an `E` of another crate, name a function that makes one: `#[unblock(error = to_e)]`"
)]
pub trait Answer: Send + Sized + 'static {
    /// Writes the answer.
    ///
    /// # Errors
    ///
    /// It has no form in which it could be carried.
    fn into_reply(self) -> Result<Reply, Unportable>;

    /// Reads what [`into_reply`](Self::into_reply) wrote.
    ///
    /// # Errors
    ///
    /// It is not what was written.
    fn from_reply(reply: &[u8]) -> Result<Self, Unportable>;
}

impl<T: Portable, E: Portable> Answer for Result<T, E> {
    fn into_reply(self) -> Result<Reply, Unportable> {
        match self {
            Ok(value) => Reply::new(true, value, "the value"),
            Err(error) => Reply::new(false, error, "the error"),
        }
    }

    fn from_reply(reply: &[u8]) -> Result<Self, Unportable> {
        let mut parts = Arguments::new(reply);
        if parts.take::<bool>("the answer")? {
            parts.take("the value").map(Ok)
        } else {
            parts.take("the error").map(Err)
        }
    }
}
