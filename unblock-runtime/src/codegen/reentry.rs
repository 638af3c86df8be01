//! How the body of a function gets a `self` that is a copy.
//!
//! Only a parameter can be named `self`. So the job of a function with `&self` calls that same
//! function once more, with the copy as its receiver, on the worker. The second call finds that it
//! is the one that was announced, runs the body, and leaves its result here.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use super::Handler;

thread_local! {
    /// The function whose body is to run in the next call of it on this thread.
    static ANNOUNCED: Cell<Option<&'static Handler>> = const { Cell::new(None) };
    static RESULT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// The call of a function by its own job. The body returns `R`.
pub struct Reentry<R> {
    handler: &'static Handler,
    result: PhantomData<fn() -> R>,
}

impl<R> Clone for Reentry<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Reentry<R> {}

impl<R: 'static> Reentry<R> {
    /// Creates the reentry of a function.
    pub fn new(handler: &'static Handler) -> Self {
        Self { handler, result: PhantomData }
    }

    /// Returns true in the call that the job makes.
    pub fn is_here(self) -> bool {
        let is_here = ANNOUNCED.get().is_some_and(|handler| std::ptr::eq(handler, self.handler));
        if is_here {
            ANNOUNCED.set(None);
        }
        is_here
    }

    /// Leaves the body's result for the job. The future is to be awaited, and has no end: the call
    /// is over, and what it would return is not needed.
    pub fn leave<T>(self, result: R) -> std::future::Pending<T> {
        RESULT.set(Some(Box::new(result)));
        std::future::pending()
    }

    /// Calls the function with the arguments of the job, which runs the body, and returns its
    /// result.
    ///
    /// # Panics
    ///
    /// If it is another function.
    pub fn enter<A>(self, function: impl Asynchronous<A>, arguments: A) -> R {
        let result = poll_announced(self.handler, pin!(function.call(arguments)));
        *result.downcast().expect("the body's closure and its result have one type")
    }
}

/// Polls the call once, and returns what the body left.
fn poll_announced(handler: &'static Handler, call: Pin<&mut dyn PollOnce>) -> Box<dyn Any> {
    ANNOUNCED.set(Some(handler));
    let ready = call.poll_once();
    match RESULT.take() {
        Some(result) if !ready => result,
        _ => {
            ANNOUNCED.set(None);
            panic!(
                "a method of the type has the name of the trait's method under `#[unblock]`: put \
                 `#[unblock]` above the `impl` too"
            )
        }
    }
}

/// A future, whatever it gives.
trait PollOnce {
    /// Returns true if it is ready.
    fn poll_once(self: Pin<&mut Self>) -> bool;
}

impl<F: Future> PollOnce for F {
    fn poll_once(self: Pin<&mut Self>) -> bool {
        self.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

/// An `async` function that takes the arguments `A`.
///
/// The caller of [`Reentry::enter`] sees nothing of the future's type. It could not, as the
/// compiler works that type out where the call is.
#[diagnostic::on_unimplemented(
    message = "the name of this method also means another one, which is not `async`",
    label = "a method of the type itself has this name too",
    note = "put `#[unblock]` above the `impl` of the trait too, so that it knows which one is meant"
)]
pub trait Asynchronous<A> {
    /// Calls it.
    fn call(self, arguments: A) -> impl Future;
}

macro_rules! asynchronous {
    ($($argument:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<Function, Called, $($argument),*> Asynchronous<($($argument,)*)> for Function
        where
            Function: FnOnce($($argument),*) -> Called,
            Called: Future,
        {
            #[expect(non_snake_case, reason = "a type and the variable of that type share a name")]
            fn call(self, ($($argument,)*): ($($argument,)*)) -> impl Future {
                self($($argument),*)
            }
        }
    };
}

asynchronous!(A);
asynchronous!(A B);
asynchronous!(A B C);
asynchronous!(A B C D);
asynchronous!(A B C D E);
asynchronous!(A B C D E F);
asynchronous!(A B C D E F G);
asynchronous!(A B C D E F G H);
asynchronous!(A B C D E F G H I);
asynchronous!(A B C D E F G H I J);
asynchronous!(A B C D E F G H I J K);
asynchronous!(A B C D E F G H I J K L);
asynchronous!(A B C D E F G H I J K L M);
asynchronous!(A B C D E F G H I J K L M N);
asynchronous!(A B C D E F G H I J K L M N O);
asynchronous!(A B C D E F G H I J K L M N O P);
