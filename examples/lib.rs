//! What the example servers share, and what is not about their frameworks: a blocking library, and
//! the address to listen on.

mod refused;

use std::env;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A topic whose readers block their thread until the next message. It stands for whatever you have
/// that blocks: a driver, a C library, a lock.
///
/// It is a handle, so that a clone is cheap and reads the same topic.
#[derive(Debug, Clone, Default)]
pub struct Topic(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    messages: Mutex<Messages>,
    published: Condvar,
}

#[derive(Debug, Default)]
struct Messages {
    count: usize,
    last: String,
    readers: usize,
}

impl Topic {
    /// Blocks the thread until the next message is published, and returns it.
    pub fn next(&self) -> String {
        let shared = &*self.0;
        let mut messages = shared.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.readers += 1;
        let seen = messages.count;
        let mut messages = shared
            .published
            .wait_while(messages, |messages| messages.count == seen)
            .unwrap_or_else(PoisonError::into_inner);
        messages.readers -= 1;
        messages.last.clone()
    }

    /// Gives a message to all who read. It does not block.
    pub fn publish(&self, message: &str) {
        let mut messages = self.0.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.count += 1;
        message.clone_into(&mut messages.last);
        self.0.published.notify_all();
    }

    /// Returns how many readers wait for a message. It does not block.
    pub fn readers(&self) -> usize {
        self.0.messages.lock().unwrap_or_else(PoisonError::into_inner).readers
    }
}

/// Returns the address to listen on: the first argument of the program, or `127.0.0.1:3000`.
pub fn address() -> String {
    env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned())
}
