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
/// Apart from that the body means what it means in a plain function: what `stringify!`, `dbg!`,
/// `assert!` and the macros of tracing show, the order in which values are dropped, lints, places
/// in the source, and the edition are the same.
///
/// Above an `impl` or a `mod` with its braces the attribute stands for one above each function in
/// there that is neither `async` nor `const`. The options of a function's own attribute are added
/// to those, and `#[unblock(skip)]` leaves a function as it is.
///
/// # Options
///
/// - `pool = EXPR`: the pool, an expression of type `Pool` or `&Pool`, such as `self.pool`,
///   `state.pool` or a `static POOL: LazyLock<Pool>`. It is evaluated at each call, before the
///   arguments are passed on, and what it locks is free again before the job runs. A variable of a
///   destructured argument is there by value if it is `Copy`, else by reference. Default: the
///   pool that the calling thread has entered by `Pool::enter`, or else the global one.
/// - `timeout = "2s"`: how long a call may take, counted from its first poll. The value is a number
///   and one of `ns`, `us`, `ms`, `s`, `m`, `h`, or an expression of type `Duration`. Default: no
///   limit.
/// - `remote`: the function may run in another process. The pool is a `ProcessPool`, or a `Pool`,
///   on whose threads it runs as any other. It is a function without `self`, type parameters and
///   `impl Trait`, which returns `Result<_, E>` with `E: From<unblock_runtime::Error>`; and its
///   arguments, its value and `E` have serde's `Serialize` and `Deserialize`. Needs the feature
///   `processes`; `unblock_runtime::processes` has the rest.
/// - `concurrency = 4`: how many calls of the function may run at a time in one pool; the others
///   wait in its queue, in their order, and use neither a core nor a thread. A constant of type
///   `u32` will do. It is the limit for what bears few at a time, such as a database. Default: as
///   many as the pool runs.
/// - `error = to_error`: what makes the function's error of an `unblock_runtime::Error`, a path or
///   a closure. It is for errors that cannot have `From<unblock_runtime::Error>`, because both are
///   types of other crates. Default: `From`.
/// - `shed`: refuses a call at once if others wait in front of it and it would probably end after
///   its deadline, or if the queue has no room.
/// - `detach`: runs a queued job even if its caller is gone, unless the process or the pool ends
///   first.
/// - `name = "…"`: the name in statistics and in `job::name()`. Default: `Type::method` or
///   `module::function`.
/// - `crate = PATH`: the path to `unblock_runtime`, for a library that re-exports it. Default: the
///   name that the manifest of the crate gives to the package, `::unblock_runtime` if it is not
///   renamed.
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
/// `async`, `const`, `unsafe` and `extern` functions, `&mut self` and `#[track_caller]` are
/// rejected.
///
/// A method with `&self` whose body passes `self` to a macro, or has items of its own, is called
/// once more by its job, with the clone as `self`. In the implementation of a trait the name of the
/// method must therefore mean that method: the trait is in scope, and neither another trait in
/// scope nor the type itself has a method of the name. Put the attribute above the `impl` of the
/// trait, and it does not matter. Where the trait requires that the future is `Send`, by `-> impl
/// Future + Send` or `trait_variant`, such a body is rejected by the compiler: write `let this =
/// self;` first, and give `this` to the macros. The method has at most 15 arguments.
///
/// The future of a provided method of a trait is not known to be `Send`, as that of every `async
/// fn` in a trait. For generic code that spawns it, declare the method as `-> impl Future<Output =
/// T> + Send`, and put the attribute above the implementations.
///
/// A function that calls itself calls an `async fn`. Put the recursion into a plain function, and
/// the attribute above one that calls it.
///
/// # Other attributes
///
/// Attributes run from the top. Put `#[unblock]` above those that want an `async fn`:
/// `#[debug_handler]`, `#[handler]`, `#[get("/")]`, `#[tokio::test]`. `#[tracing::instrument]` goes
/// below it, for a span on the worker.
///
/// Under `#[async_trait]`, which is also `#[tonic::async_trait]`, write `async fn` in the
/// implementation as the trait does, and `#[unblock]` above it:
///
/// ```ignore
/// #[async_trait]
/// impl Find for Table {
///     #[unblock]
///     async fn find(&self, name: &str) -> Option<Row> {
///         self.rows().find(|row| row.name == name)
///     }
/// }
/// ```
///
/// Traits of `trait_variant` and others with native `async fn` need nothing special.
///
/// # Tests
///
/// A test has the calls that it makes run when and where it says, without a thread, by entering a
/// pool of its own; see the section "Tests" of `unblock_runtime::guide`, and the feature
/// `test-util`.
///
/// The clock of a tokio test with `start_paused` runs on while tokio has nothing to do, and it does
/// not know of the pool. In an inline pool the clock stands still, because the job runs within the
/// first poll of the call:
///
/// ```ignore
/// #[tokio::test(start_paused = true)]
/// async fn the_answer_comes_in_time() {
///     let pool = Pool::builder().inline().build().unwrap();
///     let _guard = pool.enter();
///     let value = tokio::time::timeout(Duration::from_secs(1), slow()).await;
///     assert_eq!(value, Ok(42));
/// }
/// ```
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
/// The options `timeout` and `shed` require such a `Result`, or the option `error`.
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
/// function's `timeout` and its request's deadline, or within one second if it has neither. That
/// time is for waiting and for running, so a function that takes about a second needs a `timeout`
/// above that. A call with none in front is always let in, even if it will miss its deadline. The
/// wait is predicted from the jobs that wait already, from how long calls of each function have
/// taken, and from how much they vary. As long as nothing is known of functions, 64 calls of them
/// per core may wait; and until some calls have shown that a function sleeps, it is expected to
/// need a core. The `retry_after` of `Error::Overloaded` says when there will be room if no
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
/// For `find` above, the attribute generates this and nothing else, but that the names of its
/// variables are invisible to the body:
///
/// ```text
/// async fn find(&self, id: i64) -> Result<Row, AppError> {
///     use ::unblock_runtime::__private as __unblock;
///     let __handler = {
///         static HANDLER: __unblock::Handler = __unblock::Handler::new();
///         &HANDLER
///     };
///     let __pool = {
///         let __pool = &self.pool;
///         let __pool: &__unblock::Pool = __pool;
///         __unblock::Pool::clone(__pool)
///     };
///     let copy_of_self = __unblock::copy_for_the_job(self);
///     __unblock::goes_to_the_pool(&id);
///     let __job = move || -> Result<Row, AppError> {
///         let copy_of_self = __unblock::Owned::get(&copy_of_self);
///         let id = id;
///         '_unblock: { copy_of_self.connection()?.row(id) }
///     };
///     let __outcome = __unblock::Call::new(__handler)
///         .pool(__pool)
///         .timeout(::core::time::Duration::from_secs(2))
///         .run(__job)
///         .await;
///     __unblock::fallible(__outcome)
/// }
/// ```
///
/// If the body had a macro with `self` in it, the job would be
/// `move || __reentry.enter(Self::find, (__unblock::Owned::get(&copy_of_self), id))`, and the body
/// would run at the start of that second call of `find`.
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
