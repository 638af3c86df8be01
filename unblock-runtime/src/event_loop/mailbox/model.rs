//! Model-checked races of the mailbox: post against drain, post against close.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{Mailbox, Message};

struct Count(AtomicUsize);

impl Count {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(0)))
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn message(delivered: &Arc<Count>) -> Message {
    Message::Wake(Waker::from(Arc::clone(delivered)))
}

#[test]
fn a_message_is_delivered_or_a_wake_up_is_on_its_way() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new());
        let (delivered, wakes) = (Count::new(), Count::new());
        let waker = Waker::from(Arc::clone(&wakes));
        let posters: Vec<_> = (0..2)
            .map(|_| {
                let (mailbox, delivered) = (Arc::clone(&mailbox), Arc::clone(&delivered));
                thread::spawn(move || assert!(mailbox.post(message(&delivered)).is_ok()))
            })
            .collect();
        mailbox.drain(&mut Context::from_waker(&waker), &mut Vec::new());
        for poster in posters {
            poster.join().unwrap();
        }
        // What this drain did not find has woken the main task, and once for all.
        let woken = wakes.get();
        assert_eq!(woken, usize::from(delivered.get() < 2));
        mailbox.drain(&mut Context::from_waker(&waker), &mut Vec::new());
        assert_eq!(delivered.get(), 2);
        assert_eq!(wakes.get(), woken);
    });
}

#[test]
fn a_message_that_meets_a_closing_mailbox_is_delivered_once() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::new());
        let delivered = Count::new();
        let poster = thread::spawn({
            let (mailbox, delivered) = (Arc::clone(&mailbox), Arc::clone(&delivered));
            move || {
                if let Err(message) = mailbox.post(message(&delivered)) {
                    message.deliver();
                }
            }
        });
        mailbox.close();
        poster.join().unwrap();
        assert_eq!(delivered.get(), 1);
    });
}
