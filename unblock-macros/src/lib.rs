//! The `#[unblock]` attribute. Use it through `unblock-runtime`, which re-exports it and has what the generated code calls.
//!
//! The path of a function through this crate: `args` reads the options, `signature` the function, `validate` refuses
//! what cannot work, `expand` writes the `async` function (`settings`, `handover`, `job`, `call`: the parts of it, from top to
//! bottom), and `fallback` what is emitted when there were mistakes.
//! The expansions are in `tests/expanded`, as readable Rust.

mod errors;
mod expand;
mod fallback;
#[cfg(test)]
mod golden;
mod parse;
mod span;
mod validate;

use proc_macro::TokenStream;

/// Runs a function that blocks on a pool of threads: it becomes an `async fn` of the same name, arguments and result.
///
/// ```ignore
/// use unblock_runtime::unblock;
///
/// #[unblock]                                            // the new line
/// fn thumbnail(image: &[u8], width: u32) -> Vec<u8> {
///     decode(image).resize(width).encode()              // computes, sleeps, reads a file, waits for a lock: as it likes
/// }
///
/// let small = thumbnail(&image, 200).await;             // the event loop goes on with other work meanwhile
/// ```
///
/// The body runs on a worker thread. The code after the `.await` runs where the caller runs: on the thread of its event loop. What has
/// to stay there, such as a response writer that is not `Send`, is used there; the compiler refuses to pass it into the body.
/// The body is outside of any executor: there is no handle of tokio's, no task-local and no tracing span of the caller in it, but those
/// that it is given as arguments.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `pool = EXPR` | the pool: any expression that gives a `Pool` or a reference to one (`self.pool`, `state.pool`, a `static POOL: LazyLock<Pool>`), evaluated at each call, before the arguments go. Without it, the global pool |
/// | `timeout = "2s"` | how long a call may take, counted from its first poll: a number and one of `ns`, `us`, `ms`, `s`, `m`, `h`, or any expression that gives a `Duration` |
/// | `shed` | refuse a call at once when it would have to wait too long, instead of waiting for room |
/// | `detach` | a call whose caller went away while it was queued runs all the same, unless the process or the pool ends first |
/// | `name = "…"` | the name in statistics and in `job::name()`. Without it, `Type::method` or `module::function` |
/// | `crate = PATH` | where `unblock_runtime` is to be found, for a library that re-exports it |
///
/// # Functions
///
/// Free functions, associated functions and methods; in implementations of traits and as provided methods of traits too; with type
/// parameters, where clauses and `impl Trait`. The receiver is one of
///
/// - `&self`: the job gets a clone, so the type should be a cheap one to clone: a handle. What the body
///   changes in it is changed in the clone, unless it is behind an `Arc`;
/// - `self`, `self: Arc<Self>`, `self: Box<Self>`: the job gets the value;
/// - `self: &Arc<Self>`: the job gets a clone of the `Arc`.
///
/// `async`, `const`, `unsafe` and `extern` functions are refused, and so is `&mut self`.
///
/// # Arguments
///
/// The job owns its arguments, uses them or not, and drops them on the worker when the body ends. They have to be `Send + 'static`.
///
/// - An argument by value moves into the job. Patterns work: `Path(n): Path<u64>`, `mut x: u8`.
/// - A borrowed argument, `&str`, `&[u8]`, `&Path` or `&T` where `T: Clone`, is copied (`ToOwned`), and the body sees the copy behind a
///   reference of the same type. `&'static T` is passed as it is.
/// - `&mut T`, and types that borrow further inside, such as `Option<&str>` or `Guard<'_>`, are refused, and so are results that borrow.
///
/// # Failing
///
/// A function without `timeout` and `shed` cannot fail: a call waits for room, its return type stays as written, and a panic of the body goes on
/// in the awaiting task, with its payload, as in an ordinary call.
///
/// If the function returns `Result<_, E>` with `E: From<unblock_runtime::Error>`, a failure comes back as that error instead: a panic
/// (`Error::Panicked`), a pool that was closed (`Error::Closed`), and with `timeout` and `shed`, which need such a `Result`,
/// `Error::TimedOut` and `Error::Overloaded`.
///
/// ```ignore
/// impl Store {
///     #[unblock(pool = self.pool, timeout = "2s")]
///     fn find(&self, id: i64) -> Result<Row, AppError> {           // impl From<unblock_runtime::Error> for AppError
///         self.connection()?.row(id)
///     }
/// }
/// ```
///
/// With `shed` a call is let in if it will probably begin in time: within the function's `timeout` or its request's deadline, or within a
/// second where it has neither. How long it would wait is predicted from what waits already and from how long the calls of each function
/// have taken, and how much they differ. Of a function of which nothing is known yet, 64 calls may wait for each core. `retry_after` of
/// `Error::Overloaded` says when there will be room if no more calls come.
///
/// In a request of `unblock_runtime::server` the nearer of the function's `timeout` and the request's deadline counts. A function that cannot
/// fail needs no error for that: the server gives the whole request up, and answers 504.
///
/// # Cancellation
///
/// Nothing happens before the first poll, as with every `async fn`. When the caller is dropped while the job is queued, the job never runs, and
/// its arguments are dropped; with `detach` it runs. A job that runs already runs to its end: a thread cannot be stopped, but
/// the body can ask `unblock_runtime::job::is_cancelled()` from time to time, and return.
///
/// # What is generated
///
/// For `find` above, this and nothing else:
///
/// ```text
/// async fn find(&self, id: i64) -> Result<Row, AppError> {
///     let __pool: &::unblock_runtime::Pool = &self.pool;
///     let __self = ::unblock_runtime::__private::own(self);
///     let id = ::unblock_runtime::__private::moved(id);
///     let __job = move || -> Result<Row, AppError> {
///         let __self = __self.get();
///         let id = id;
///         { … }                                                     // the body, `self` written `__self`
///     };
///     let __outcome = {
///         static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
///         ::unblock_runtime::__private::Call::new(&HANDLER)
///             .pool(__pool)
///             .timeout(::core::time::Duration::from_secs(2))
///             .run(__job)
///             .await
///     };
///     ::unblock_runtime::__private::fallible(__outcome)
/// }
/// ```
#[proc_macro_attribute]
pub fn unblock(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(args.into(), item.into()).into()
}
