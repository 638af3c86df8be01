//! The library's own errors as values of functions with `remote`, which may return them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Death, Error, Panicked, Unportable};

/// What an error becomes on its way. A panic's payload becomes its text.
#[derive(Serialize, Deserialize)]
enum Carried {
    Overloaded(Duration),
    TimedOut,
    Panicked(Option<String>),
    Cancelled,
    Closed,
    Died(String, String),
    Unportable(String),
    Unreachable(Duration, String),
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let carried = match self {
            Self::Overloaded { retry_after } => Carried::Overloaded(*retry_after),
            Self::TimedOut => Carried::TimedOut,
            Self::Panicked(panicked) => Carried::Panicked(panicked.message().map(str::to_owned)),
            Self::Cancelled => Carried::Cancelled,
            Self::Closed => Carried::Closed,
            Self::Died(death) => Carried::Died(death.status().into(), death.stderr().into()),
            Self::Unportable(reason) => Carried::Unportable(reason.to_string()),
            Self::Unreachable { retry_after, reason } => {
                Carried::Unreachable(*retry_after, reason.to_string())
            }
        };
        carried.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Carried::deserialize(deserializer)? {
            Carried::Overloaded(retry_after) => Self::Overloaded { retry_after },
            Carried::TimedOut => Self::TimedOut,
            Carried::Panicked(Some(text)) => Self::Panicked(Panicked::new(Box::new(text))),
            Carried::Panicked(None) => Self::Panicked(Panicked::new(Box::new(()))),
            Carried::Cancelled => Self::Cancelled,
            Carried::Closed => Self::Closed,
            Carried::Died(status, stderr) => Self::Died(Death::new(status, stderr)),
            Carried::Unportable(reason) => Self::Unportable(Unportable::new(reason)),
            Carried::Unreachable(retry_after, reason) => {
                Self::Unreachable { retry_after, reason: reason.into() }
            }
        })
    }
}
