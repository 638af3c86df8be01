//! The `#[unblock]` attribute. Use it through `unblock-runtime`, which re-exports it and holds what
//! the generated code calls.
//!
//! A function passes through this crate in three steps: `parse` reads the options and the
//! function, `validate` rejects what cannot run on a pool, and `expand` writes the `async`
//! function. If anything was rejected, `fallback` writes the errors beside the user's function
//! instead. Expansions are checked in as readable Rust in `tests/expanded`.

mod container;
mod duration;
mod errors;
mod expand;
mod fallback;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod golden;
mod parse;
mod span;
mod validate;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::expand::Context;
use crate::parse::function::Function;
use crate::parse::options::Options;

/// Turns a blocking function into an `async fn` whose body runs on a pool of threads.
///
/// The name, arguments and result stay the same:
///
/// ```ignore
/// use unblock_runtime::unblock;
///
/// #[unblock] // the new line
/// fn thumbnail(image: &[u8], width: u32) -> Vec<u8> {
///     decode(image).resize(width).encode() // may compute, sleep, read a file, wait for a lock
/// }
///
/// let small = thumbnail(&image, 200).await; // meanwhile the event loop does other work
/// ```
///
/// The body runs on a worker thread. The code after the `.await` runs where the caller runs: on
/// the thread of its event loop. Use what must stay there, such as a response writer that is not
/// `Send`, after the `.await`; the compiler refuses to pass it into the body.
///
/// The body runs outside any executor. It has no tokio handle, no task-local and no tracing span
/// of the caller, unless they are passed as arguments.
///
/// # Options
///
/// - `pool = EXPR`: the pool, an expression of type `Pool` or `&Pool`, such as `self.pool`,
///   `state.pool` or a `static POOL: LazyLock<Pool>`. It is evaluated at each call, before the
///   arguments are passed on. Default: the global pool.
/// - `timeout = "2s"`: how long a call may take, counted from its first poll. The value is a number
///   and one of `ns`, `us`, `ms`, `s`, `m`, `h`, or an expression of type `Duration`. Default: no
///   limit.
/// - `concurrency = 4`: how many calls of the function may run at a time in one pool; the others
///   wait in its queue, in their order, and use neither a core nor a thread. A constant of type
///   `u32` will do. It is the limit for what bears few at a time, such as a database. Default: as
///   many as the pool runs.
/// - `shed`: refuses a call at once if it would have to wait too long, instead of waiting for room
///   in the queue.
/// - `detach`: runs a queued job even if its caller is gone, unless the process or the pool ends
///   first.
/// - `name = "…"`: the name in statistics and in `job::name()`. Default: `Type::method` or
///   `module::function`.
/// - `crate = PATH`: the path to `unblock_runtime`, for a library that re-exports it. Default:
///   `::unblock_runtime`.
///
/// # Functions
///
/// The attribute goes above free functions, associated functions and methods, including those of
/// trait implementations and provided methods of traits. Type parameters, where clauses and
/// `impl Trait` work. The receiver is one of:
///
/// - `&self`: the job gets a clone, so the type should be cheap to clone, like a handle. Changes
///   that the body makes stay in the clone, unless they are behind an `Arc`.
/// - `self`, `self: Arc<Self>`, `self: Box<Self>`: the job gets the value.
/// - `self: &Arc<Self>`: the job gets a clone of the `Arc`.
///
/// `async`, `const`, `unsafe` and `extern` functions and `&mut self` are rejected.
///
/// # Arguments
///
/// The job owns its arguments, whether or not the body uses them, and drops them on the worker
/// when the body ends. They must be `Send + 'static`.
///
/// - An argument by value moves into the job. Patterns work: `Path(n): Path<u64>`, `mut x: u8`.
/// - A borrowed argument (`&str`, `&[u8]`, `&Path`, or `&T` where `T: Clone`) is copied with
///   `ToOwned`, and the body sees the copy behind a reference of the same type. `&'static T` is
///   passed as it is.
/// - `&mut T`, types that contain a borrow, such as `Option<&str>` or `Guard<'_>`, and results that
///   borrow are rejected.
///
/// # Errors and panics
///
/// A function without `timeout` and `shed` cannot fail: a call waits for room in the queue, the
/// return type stays as written, and a panic of the body continues in the awaiting task with its
/// payload, as in an ordinary call.
///
/// If the function returns `Result<_, E>` with `E: From<unblock_runtime::Error>`, a failure of the
/// call is returned as that error instead:
///
/// - `Error::Panicked`: the body panicked.
/// - `Error::Closed`: the pool was closed.
/// - `Error::TimedOut`: the `timeout` passed.
/// - `Error::Overloaded`: `shed` refused the call.
///
/// The options `timeout` and `shed` require such a `Result`.
///
/// ```ignore
/// impl Store {
///     #[unblock(pool = self.pool, timeout = "2s")] // AppError: From<unblock_runtime::Error>
///     fn find(&self, id: i64) -> Result<Row, AppError> {
///         self.connection()?.row(id)
///     }
/// }
/// ```
///
/// With `shed` a call is admitted if it will probably end in time: within the nearer of the
/// function's `timeout` and its request's deadline, or within one second if it has neither. The
/// wait is predicted from the jobs that wait already, from how long calls of each function have
/// taken, and from how much they vary. As long as nothing is known of functions, 64 calls of them
/// per core may wait. The `retry_after` of `Error::Overloaded` says when there will be room if no
/// more calls come.
///
/// In a request of `unblock_runtime::server` the nearer of the function's `timeout` and the
/// request's deadline counts. A function that cannot fail needs no error type for that: the server
/// ends the whole request and responds 504.
///
/// # Cancellation
///
/// Nothing happens before the first poll, as with every `async fn`. If the caller is dropped while
/// the job is queued, the job never runs and its arguments are dropped; with `detach` it runs. A
/// job that is running runs to its end, because a thread cannot be stopped, but the body can ask
/// `unblock_runtime::job::is_cancelled()` from time to time and return early.
///
/// # Generated code
///
/// For `find` above, the attribute generates this and nothing else:
///
/// ```text
/// async fn find(&self, id: i64) -> Result<Row, AppError> {
///     let __pool: &::unblock_runtime::Pool = &self.pool;
///     let __self = ::unblock_runtime::__private::own(self);
///     let id = ::unblock_runtime::__private::moved(id);
///     let __job = move || -> Result<Row, AppError> {
///         let __self = __self.get();
///         let id = id;
///         { … } // the body, with `self` renamed to `__self`
///     };
///     let __outcome = {
///         static HANDLER: ::unblock_runtime::__private::Handler =
///             ::unblock_runtime::__private::Handler::new();
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
pub fn unblock(
    args: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    attribute(args.into(), item.into()).into()
}

/// Returns the expansion, or the errors beside the item.
fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    if let Some(container) = container::container(&args, &item) {
        return container;
    }
    let mut errors = Errors::default();
    let options = Options::parse(args, &mut errors);
    let Some(mut item_fn) = Function::parse(&item, &mut errors) else {
        return fallback::item(item, errors);
    };
    if let Some(second) = item_fn.take_attribute() {
        errors.on(second, "`#[unblock]` is here twice: write all options into one");
    }
    if options.skip.is_some() && errors.is_empty() {
        return item;
    }
    function(item_fn, &options, &Context::default(), errors)
}

/// Returns the expansion of a function, or the errors beside it.
fn function(
    function: Function,
    options: &Options,
    context: &Context,
    mut errors: Errors,
) -> TokenStream {
    validate::check(&function, options, &mut errors);
    if errors.is_empty() {
        expand::function(&function, options, context)
    } else {
        fallback::function(function, errors)
    }
}
