//! Reads what an encoder wrote.

use std::any::{Any, TypeId};
use std::borrow::{Borrow, ToOwned};

use rmp_serde::Deserializer;
use rmp_serde::decode::ReadRefReader;
use serde::Deserialize;

use super::Portable;
use crate::codegen::Owned;
use crate::error::Unportable;

/// The values of a message, from the first to the last.
#[derive(Debug)]
pub struct Arguments<'de> {
    message: Deserializer<ReadRefReader<'de, [u8]>>,
}

impl<'de> Arguments<'de> {
    pub(crate) fn new(message: &'de [u8]) -> Self {
        Self { message: Deserializer::from_read_ref(message) }
    }

    /// Reads the next value. `name` is for the error: the name of the argument.
    ///
    /// # Errors
    ///
    /// The message has no such value there.
    pub fn take<T: Portable>(&mut self, name: &str) -> Result<T, Unportable> {
        if TypeId::of::<T>() == TypeId::of::<Vec<u8>>() {
            let mut value = None::<T>;
            if let Some(bytes) = (&mut value as &mut dyn Any).downcast_mut::<Option<Vec<u8>>>() {
                *bytes = Some(self.bytes(name)?.to_vec());
            }
            return value.ok_or_else(|| Unportable::new(format!("{name} is missing")));
        }
        self.read(name)
    }

    /// Reads the next value for an argument that is borrowed.
    ///
    /// # Errors
    ///
    /// Those of [`take`](Self::take).
    pub fn lend<B>(&mut self, name: &str) -> Result<Owned<B, B::Owned>, Unportable>
    where
        B: ToOwned<Owned: Portable + Borrow<B>> + ?Sized,
    {
        self.take(name).map(Owned::new)
    }

    /// Reads bytes, which stay where they are in the message.
    ///
    /// # Errors
    ///
    /// Those of [`take`](Self::take).
    pub fn bytes(&mut self, name: &str) -> Result<&'de [u8], Unportable> {
        self.read(name)
    }

    /// Reads a text, which stays where it is in the message.
    ///
    /// # Errors
    ///
    /// Those of [`take`](Self::take).
    pub fn text(&mut self, name: &str) -> Result<&'de str, Unportable> {
        self.read(name)
    }

    fn read<T: Deserialize<'de>>(&mut self, name: &str) -> Result<T, Unportable> {
        T::deserialize(&mut self.message)
            .map_err(|error| Unportable::new(format!("{name} cannot be read: {error}")))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::remote::{Answer, Encoder};

    fn message(encoder: &Encoder<'_>) -> Vec<u8> {
        let message = encoder.pieces().collect::<Vec<_>>().concat();
        assert_eq!(message.len(), encoder.len());
        message
    }

    proptest! {
        #[test]
        fn what_was_put_is_taken(
            large in proptest::collection::vec(any::<u8>(), 0..40_000),
            text in "\\PC{0,40}",
            repeats in 0..2_000_usize,
            number in any::<i128>(),
            map in proptest::collection::btree_map(any::<u16>(), any::<Option<char>>(), 0..9),
        ) {
            let (text, path) = (text.repeat(repeats), PathBuf::from("/a/b"));
            let mut encoder = Encoder::new();
            encoder.put("large", &large).unwrap();
            encoder.put("number", &number).unwrap();
            encoder.put("text", &text).unwrap();
            encoder.put("map", &map).unwrap();
            encoder.put("path", &path).unwrap();
            encoder.put("large", &large).unwrap();
            let message = message(&encoder);
            let mut arguments = Arguments::new(&message);
            prop_assert_eq!(arguments.bytes("large").unwrap(), &large);
            prop_assert_eq!(arguments.take::<i128>("number").unwrap(), number);
            prop_assert_eq!(arguments.text("text").unwrap(), &text);
            prop_assert_eq!(arguments.take("map"), Ok(map));
            prop_assert_eq!(arguments.take("path"), Ok(path));
            prop_assert_eq!(arguments.take("large"), Ok(large));
            prop_assert!(arguments.take::<u8>("more").is_err());
        }

        #[test]
        fn no_message_makes_the_reader_panic(
            message in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = Arguments::new(&message).bytes("bytes");
            let _ = Arguments::new(&message).text("text");
            let _ = Arguments::new(&message).take::<Vec<(String, f64)>>("pairs");
            let _ = Result::<Vec<u8>, String>::from_reply(&message);
        }
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        fn there_and_back<R: Answer>(answer: R) -> R {
            let reply = answer.into_reply().unwrap();
            let message = reply.pieces().collect::<Vec<_>>().concat();
            assert_eq!(message.len(), reply.len());
            R::from_reply(&message).unwrap()
        }
        assert_eq!(there_and_back(Ok::<_, String>(vec![1_u8, 200, 3])), Ok(vec![1, 200, 3]));
        assert_eq!(there_and_back(Ok::<_, u8>(())), Ok(()));
        assert_eq!(there_and_back(Err::<u8, _>("no".to_owned())), Err("no".to_owned()));
    }

    #[test]
    fn the_error_names_the_argument() {
        let mut encoder = Encoder::new();
        let text = "seven".to_owned();
        encoder.put("count", &text).unwrap();
        let message = message(&encoder);
        let error = Arguments::new(&message).take::<u32>("count").unwrap_err();
        assert!(error.to_string().starts_with("count cannot be read: "), "{error}");
    }
}
