//! Writes a message: the arguments of a call, or its answer.

use std::any::Any;

use super::Portable;
use crate::error::Unportable;

/// The size from which on bytes are lent to a message instead of copied into it.
const LENT_FROM: usize = 16 << 10;

/// A message that is being written. Large texts and byte vectors among the values are lent to it.
#[derive(Debug, Default)]
pub struct Encoder<'a> {
    written: Vec<u8>,
    /// Where in `written` something lent comes, and what.
    lent: Vec<(usize, &'a [u8])>,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Writes a value. `name` is for the error: the name of the argument.
    ///
    /// # Errors
    ///
    /// The value has no form in serde, or its implementation of `Serialize` says no.
    pub fn put<T: Portable>(&mut self, name: &str, value: &'a T) -> Result<(), Unportable> {
        if let Some(bytes) = as_bytes(value) {
            return self.put_bytes(name, bytes);
        }
        let text = (value as &dyn Any).downcast_ref::<String>();
        if let Some(text) = text.filter(|text| text.len() >= LENT_FROM) {
            let length = length(name, text.len())?;
            written(name, rmp::encode::write_str_len(&mut self.written, length))?;
            self.lend(text.as_bytes());
            return Ok(());
        }
        self.serialize(name, value)
    }

    fn put_bytes(&mut self, name: &str, bytes: &'a [u8]) -> Result<(), Unportable> {
        let length = length(name, bytes.len())?;
        written(name, rmp::encode::write_bin_len(&mut self.written, length))?;
        if bytes.len() >= LENT_FROM {
            self.lend(bytes);
        } else {
            self.written.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn serialize<T: Portable>(&mut self, name: &str, value: &T) -> Result<(), Unportable> {
        written(name, rmp_serde::encode::write_named(&mut self.written, value))
    }

    fn lend(&mut self, bytes: &'a [u8]) {
        self.lent.push((self.written.len(), bytes));
    }

    /// Returns the number of bytes of the message.
    pub(crate) fn len(&self) -> usize {
        self.written.len() + self.lent.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    /// Returns the message in pieces, in their order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let ends = self.lent.iter().map(|(at, _)| *at).chain([self.written.len()]);
        let starts = [0].into_iter().chain(self.lent.iter().map(|(at, _)| *at));
        let lent = self.lent.iter().map(|(_, bytes)| Some(*bytes)).chain([None]);
        starts
            .zip(ends)
            .zip(lent)
            .flat_map(|((start, end), lent)| [Some(&self.written[start..end]), lent])
            .flatten()
            .filter(|piece| !piece.is_empty())
    }
}

/// The answer of a call. A vector of bytes is kept as it is, and everything else is written.
#[derive(Debug)]
pub struct Reply {
    written: Vec<u8>,
    bytes: Vec<u8>,
}

impl Reply {
    /// Writes an answer: whether it is a value or an error, and that. `name` is for the error.
    pub(super) fn new<T: Portable>(
        is_value: bool,
        answer: T,
        name: &str,
    ) -> Result<Self, Unportable> {
        let mut encoder = Encoder::new();
        encoder.serialize(name, &is_value)?;
        if let Some(bytes) = as_bytes(&answer) {
            let length = length(name, bytes.len())?;
            written(name, rmp::encode::write_bin_len(&mut encoder.written, length))?;
            let answer: Box<dyn Any> = Box::new(answer);
            let bytes = answer.downcast::<Vec<u8>>().map_or_else(|_| Vec::new(), |bytes| *bytes);
            return Ok(Self { written: encoder.written, bytes });
        }
        encoder.serialize(name, &answer)?;
        Ok(Self { written: encoder.written, bytes: Vec::new() })
    }

    /// Makes an answer that is a plain text.
    #[cfg(unix)]
    pub(crate) fn text(text: String) -> Self {
        Self { written: text.into_bytes(), bytes: Vec::new() }
    }

    /// Returns the number of bytes of the answer.
    pub(crate) fn len(&self) -> usize {
        self.written.len() + self.bytes.len()
    }

    /// Returns the answer in pieces, in their order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> + Clone {
        [self.written.as_slice(), &self.bytes].into_iter().filter(|piece| !piece.is_empty())
    }
}

/// Returns a vector of bytes as bytes. Serde would write one number after the other.
fn as_bytes<T: Any>(value: &T) -> Option<&[u8]> {
    (value as &dyn Any).downcast_ref::<Vec<u8>>().map(Vec::as_slice)
}

fn length(name: &str, length: usize) -> Result<u32, Unportable> {
    u32::try_from(length)
        .map_err(|_| Unportable::new(format!("{name} has {length} bytes, which is too large")))
}

fn written<T, E: std::fmt::Display>(name: &str, result: Result<T, E>) -> Result<(), Unportable> {
    result
        .map(drop)
        .map_err(|error| Unportable::new(format!("{name} has no form that can be sent: {error}")))
}
