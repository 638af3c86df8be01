//! A guide: when to use `#[unblock]`, how to come to it from what you have, and what to watch for.
//!
//! # When, and when not
//!
//! Use it above a function that keeps its thread for longer than some ten microseconds without an
//! `.await`: one that computes, reads files, calls a database driver or a C library that is not
//! async, sleeps, or waits for a lock that is held for long. A trip to the pool and back costs some
//! microseconds, so what takes less is better off where it is.
//!
//! It is not for
//!
//! - work that is async already: `.await` it;
//! - work that never ends, such as a consumer of a queue: give it a thread of its own, by
//!   [`std::thread::spawn`];
//! - one computation that is to use all cores: submit it as one job, and let rayon divide it there.
//!
//! To find functions in a running server that should have it and do not, read the log: the
//! [`watchdog`](crate::watchdog) names each handler that blocks its event loop. It speaks through
//! `tracing`, so the program needs a subscriber, such as `tracing_subscriber::fmt().init()`. This
//! crate's server is watched as it is; under `axum::serve` and any other tower service add
//! `tower::WatchdogLayer`, after all routes, with the features `tower` and `matched-path`.
//!
//! # From other ways
//!
//! ## `tokio::task::spawn_blocking`
//!
//! ```
//! # fn hash(text: &str) -> String { text.to_owned() }
//! async fn before(password: String) -> Result<String, tokio::task::JoinError> {
//!     tokio::task::spawn_blocking(move || hash(&password)).await
//! }
//!
//! # #[cfg(feature = "macros")]
//! #[unblock_runtime::unblock]
//! fn after(password: &str) -> String {
//!     hash(password)
//! }
//! # fn main() {}
//! ```
//!
//! What changes: as many calls compute at once as there are cores, and not up to 512. A call whose
//! caller is gone is not begun. Waiting calls wait in a bounded queue, so memory does not grow. A
//! panic continues in the caller, or becomes the function's error. Tokio's handle is not there in
//! the body: `Handle::current()` panics, so pass what the body needs as an argument.
//!
//! ## actix's `web::block`
//!
//! The same as above; the handler is the function itself, with its extractors. An extractor that is
//! not `Send`, such as `HttpRequest`, stays on its thread: take from it what the body needs in an
//! `async` handler, and call the annotated function there.
//!
//! ## rayon and a oneshot channel
//!
//! Annotate the function, and leave the channel away. Rayon's threads are for jobs that compute;
//! one that sleeps there keeps a core from the others, and here it does not.
//!
//! ## Tornado's `@unblock`, and thread-pool executors of other languages
//!
//! The attribute is the same line at the same place. The code after the `.await` runs on the thread
//! of the event loop that asked, so what only that thread may touch needs no lock.
//!
//! # Frameworks
//!
//! | framework | what to write | `#[unblock]` stands | the error type | what cannot go to the pool |
//! | --- | --- | --- | --- | --- |
//! | axum, and this crate's `server` | the handler itself, with its extractors | above `#[debug_handler]` | [`Error`](crate::Error) with the feature `axum`, or your own with `IntoResponse` | nothing: extractors are owned |
//! | actix-web | the handler itself | above or below `#[get]` | your own, with `ResponseError` | `HttpRequest`, `Payload` |
//! | tonic | the method, as an `async fn` | above the method | `error = …`, which makes a `Status` | nothing of a unary method |
//! | poem | the handler itself | above `#[handler]` | your own, with `ResponseError` | `Data<&T>` |
//! | Salvo | the handler itself | above `#[handler]` | your own, with `Scribe` | `&mut Request`, `&mut Response`, `&mut Depot` |
//! | Rocket | the handler itself | above `#[get]` | your own, with `Responder` | `&State<T>` |
//! | warp | a function that `and_then` takes | - | `error = …`, which makes a `Rejection` | nothing |
//! | hyper, tower | a function that the service awaits | - | your own, or `error = …` | the body of a request: read it first |
//! | tokio in either flavor, smol | a function to `.await` | - | your own, or `error = …` | an `Rc`, which is there again after the `.await` |
//! | no executor | [`Submission::wait`](crate::Submission::wait) | - | `Error` | - |
//!
//! "Your own" has `From<Error>`, and its response is made of
//! [`Error::http_status`](crate::Error::http_status),
//! [`retry_after_secs`](crate::Error::retry_after_secs) and `Display`. What cannot go to the pool
//! stays in an `async` handler, which takes from it what the body needs, and awaits an annotated
//! function:
//!
//! ```
//! # #[cfg(feature = "macros")] mod shown {
//! # struct Data<T>(T);
//! # #[derive(Clone)] struct Topic;
//! # impl Topic { fn next(&self) -> String { String::new() } }
//! use unblock_runtime::unblock;
//!
//! // #[poem::handler]
//! async fn next(topic: Data<&Topic>) -> String {
//!     read(topic.0).await
//! }
//!
//! #[unblock]
//! fn read(topic: &Topic) -> String {
//!     topic.next()
//! }
//! # }
//! ```
//!
//! In the folder `examples` of the repository is a small server in each of them, and its
//! `refused.rs` has what the compiler refuses, with what to write instead.
//!
//! An error type of another crate cannot have `From<Error>`, by the orphan rule. The option `error`
//! takes a function instead:
//!
//! ```
//! # #[cfg(feature = "macros")] mod shown {
//! use unblock_runtime::{Error, unblock};
//!
//! fn to_io(error: Error) -> std::io::Error {
//!     std::io::Error::other(error)
//! }
//!
//! #[unblock(timeout = "2s", error = to_io)]
//! fn read(path: &std::path::Path) -> std::io::Result<String> {
//!     std::fs::read_to_string(path)
//! }
//! # }
//! ```
//!
//! # Choosing a timeout
//!
//! Give the whole request a deadline, by `ServerBuilder::request_timeout` or
//! [`job::within`](crate::job::within), a little less than the time after which its clients give
//! up. All jobs of the request inherit it, so functions need none of their own. Give a function a
//! `timeout` where it is to leave time for something else, such as a second try.
//!
//! A timeout ends the wait, and not the body: a body that has begun runs to its end. After
//! [`Error::TimedOut`](crate::Error::TimedOut) it may or may not have had its effect, as after any
//! timeout. Add `shed` to a function that gets more calls than the machine can do: a call that
//! would be too late is refused at once, and those that are let in end in time.
//!
//! # Databases
//!
//! A connection serves one call at a time. Either give the database a pool of its own with as many
//! threads as connections, as the example `database` does with r2d2's connections and `named_pool`
//! with one per thread. Or use the global pool, and put `concurrency` with the number of
//! connections above the function, so that calls wait in the queue and not in threads:
//!
//! ```
//! # #[cfg(feature = "macros")] mod shown {
//! # #[derive(Clone)] struct Connections;
//! # impl Connections { fn get(&self) -> Result<Connections, AppError> { Ok(Connections) } }
//! # impl Connections { fn insert(&self, _: &str) -> Result<(), AppError> { Ok(()) } }
//! # enum AppError { Pool(unblock_runtime::Error) }
//! # impl From<unblock_runtime::Error> for AppError {
//! #     fn from(error: unblock_runtime::Error) -> Self { Self::Pool(error) }
//! # }
//! use unblock_runtime::unblock;
//!
//! const CONNECTIONS: u32 = 8;
//!
//! #[derive(Clone)]
//! struct Notes {
//!     connections: Connections, // a handle, as r2d2's pool is
//! }
//!
//! impl Notes {
//!     #[unblock(concurrency = CONNECTIONS, timeout = "2s")]
//!     fn add(&self, note: &str) -> Result<(), AppError> {
//!         self.connections.get()?.insert(note)
//!     }
//! }
//! # }
//! ```
//!
//! # What cancellation means
//!
//! A dropped call is cancelled: by a client that disconnects, a `select!`, a timeout around it. If
//! its job waits, it never runs, and its arguments are dropped at once. If it runs, it runs to its
//! end, and [`job::is_cancelled`](crate::job::is_cancelled) tells it so; a long loop should ask.
//! `detach` makes a call run that is in the queue, whoever is gone: for an audit record, say.
//!
//! # At three in the morning
//!
//! Something is slow, and you have a browser, Prometheus or the log. With the feature `dashboard`
//! one line of an axum router has a page that shows the process at work:
//! `.nest_service("/unblock", unblock_runtime::dashboard())`. With `prometheus` the same is there
//! over time, and `demo-server/grafana.json` draws it. What each question needs:
//!
//! | the question | the page | Prometheus |
//! | --- | --- | --- |
//! | Which function is slow? | *Functions*, by *ran p99* | `unblock_job_run_seconds` by `function` |
//! | Do its jobs run long, or wait? | *waited* beside *ran* | `unblock_job_wait_seconds` beside it |
//! | Was it one slow call, or all? | its histogram, its slowest calls | `…_run_seconds_max`, the buckets |
//! | What was it like an hour ago? | the last two minutes, *since start* | `rate` over any window |
//! | Who fills the pool? | *in flight*; the workers' cells | `unblock_jobs_running` |
//! | Which job never ends? | *Running now, the longest first* | `unblock_jobs_abandoned` |
//! | How many threads are free? | *Workers*: *busy of*, *at most* | `unblock_threads`, `…_threads_max` |
//! | Do threads compute, or sleep? | cells: `R` or `S` | `unblock_threads` by `state` |
//! | How long is the queue, and how full? | *Queue* | `unblock_jobs_queued`, `…_capacity` |
//! | How long would a new job wait? | *a new job waits about* | `unblock_predicted_wait_seconds` |
//! | What is refused, and of whom? | *refused* of each function | `unblock_jobs_total` by `outcome` |
//! | Who works for nobody? | cells: `A` | `unblock_jobs_abandoned` |
//! | Does a function panic? | *panicked* | `unblock_jobs_total` by `outcome` |
//! | Is a loop late, or stuck? | the line on top; *Event loops* | `unblock_loop_lag_seconds_max` |
//! | Who holds it, and where? | the line on top: in which system call | `unblock_long_polls_total` |
//! | Which function did I forget to annotate? | *Held a loop for too long* | the same, by `route` |
//!
//! Rows about loops need this crate's server, or the watchdog's layer under another. The log has
//! the last three too, if the program has a subscriber of `tracing`: see
//! [`watchdog`](crate::watchdog), whose [`on_blocked`](crate::watchdog::on_blocked) calls you. Why
//! a job was refused is a `debug` event in its span with the feature `tracing`, and
//! [`Error::Overloaded`](crate::Error::Overloaded) says after what time to come again. In the
//! program [`Pool::functions`](crate::Pool::functions), [`Pool::workers`](crate::Pool::workers) and
//! [`Pool::all`](crate::Pool::all) have the same figures, and two readings of a
//! [`Histogram`](crate::stats::Histogram) give that of the time between them.
//!
//! A page that waits for nothing on the pool and is slow all the same has a loop that is late.
//! Waits that grow while threads are idle cannot be; waits that grow while all threads sleep ask
//! for a larger `max_threads`, and while two compute on two cores for less work, or `shed`.
//!
//! # Tests
//!
//! An annotated function is an `async fn`: `#[tokio::test]` and `block_on` await it, and nothing
//! else is needed to test what it returns. But it runs on the global pool, which is that of all
//! tests of the process, and on another thread. With the feature `test-util` a test has a pool of
//! its own without threads, and says when jobs run:
//!
//! ```toml
//! [dev-dependencies]
//! unblock-runtime = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! ## A pool for each test
//!
//! [`Pool::enter`](crate::Pool::enter) has the calls on this thread use the test's pool, so the
//! code under test names none. `PoolBuilder::inline` builds a pool where a job runs at once, within
//! the first poll of the call. That is what most tests want:
//!
//! ```
//! # #[cfg(all(feature = "macros", feature = "test-util"))] mod shown {
//! use unblock_runtime::{Pool, unblock};
//!
//! #[unblock]
//! fn hash(password: &str) -> usize {
//!     password.len()
//! }
//!
//! async fn log_in(password: &str) -> bool {
//!     !password.is_empty() && hash(password).await == 6
//! }
//!
//! // #[tokio::test]
//! # pub
//! async fn an_empty_password_is_not_hashed() {
//!     let pool = Pool::builder().inline().build().unwrap();
//!     let _guard = pool.enter();
//!     assert!(log_in("secret").await);
//!     assert!(!log_in("").await);
//!     assert_eq!(pool.stats().completed, 1); // no other test has added to it
//! }
//! # }
//! # #[cfg(all(feature = "macros", feature = "test-util"))]
//! # tokio::runtime::Builder::new_current_thread()
//! #     .build()
//! #     .unwrap()
//! #     .block_on(shown::an_empty_password_is_not_hashed());
//! ```
//!
//! The guard is for one thread. Tasks that `#[tokio::test]` spawns are polled there, but not those
//! of its `flavor = "multi_thread"`; for these, the test's process can make such a pool the global
//! one, by [`install_global`](crate::PoolBuilder::install_global).
//!
//! An inline job runs on the thread of the test, with what is there: tokio's handle, task-locals,
//! the caller's span. A body that must not rely on them is shown wrong by a pool with threads
//! alone. So is one that blocks on a future by `Handle::block_on`, which tokio forbids on its own
//! threads; [`Submission::wait`](crate::Submission::wait) works there.
//!
//! ## The order of events
//!
//! In a pool that `PoolBuilder::on_demand` builds, jobs wait until the test runs them, one by one,
//! in the order of their submission:
//!
//! ```
//! # #[cfg(all(feature = "macros", feature = "test-util"))] mod shown {
//! use std::pin::pin;
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use unblock_runtime::{Pool, unblock};
//!
//! #[unblock]
//! fn pay(paid: &Arc<AtomicU64>, amount: u64) {
//!     paid.fetch_add(amount, Ordering::SeqCst);
//! }
//!
//! // #[tokio::test]
//! # pub
//! async fn a_customer_who_leaves_early_pays_nothing() {
//!     let pool = Pool::builder().on_demand().build().unwrap();
//!     let _guard = pool.enter();
//!     let paid = Arc::default();
//!     {
//!         let mut leaves = pin!(pay(&paid, 5));
//!         tokio::select! {
//!             biased;
//!             () = &mut leaves => unreachable!("the test has not run the job"),
//!             () = std::future::ready(()) => {} // the call was polled, and its job is queued
//!         }
//!         assert_eq!(pool.stats().queued, 1);
//!     }
//!     let (stays, ran) = (pay(&paid, 7), async { pool.run_next() });
//!     let ((), ran) = tokio::join!(stays, ran); // polls one after the other
//!     assert!(ran.unwrap().ends_with("pay"));
//!     assert_eq!(paid.load(Ordering::SeqCst), 7);
//!     assert_eq!(pool.stats().cancelled, 1);
//! }
//! # }
//! # #[cfg(all(feature = "macros", feature = "test-util"))]
//! # tokio::runtime::Builder::new_current_thread()
//! #     .build()
//! #     .unwrap()
//! #     .block_on(shown::a_customer_who_leaves_early_pays_nothing());
//! ```
//!
//! ## Timeouts and refusals
//!
//! No test needs to sleep for them. A call [within](crate::job::within) no time at all has timed
//! out, whatever the `timeout` of the function is, and a queue that the test has filled refuses a
//! call with `shed`:
//!
//! ```
//! # #[cfg(all(feature = "macros", feature = "test-util"))] mod shown {
//! use std::time::Duration;
//! use unblock_runtime::{Error, Pool, job, unblock};
//!
//! #[unblock(timeout = "2s", shed)]
//! fn find(id: u64) -> Result<u64, Error> {
//!     Ok(id)
//! }
//!
//! async fn status(id: u64) -> u16 {
//!     match find(id).await {
//!         Ok(_) => 200,
//!         Err(error) => error.http_status(),
//!     }
//! }
//!
//! // #[tokio::test]
//! # pub
//! async fn clients_are_told_why_there_is_no_answer() {
//!     let pool = Pool::builder().on_demand().queue_capacity(1).build().unwrap();
//!     let _guard = pool.enter();
//!     assert_eq!(job::within(Duration::ZERO, status(1)).await, 504);
//!     pool.submit(|| ()).detach(); // the queue has room for one
//!     assert_eq!(status(1).await, 503);
//! }
//! # }
//! # #[cfg(all(feature = "macros", feature = "test-util"))]
//! # tokio::runtime::Builder::new_current_thread()
//! #     .build()
//! #     .unwrap()
//! #     .block_on(shown::clients_are_told_why_there_is_no_answer());
//! ```
//!
//! ## Tokio's paused clock
//!
//! With `start_paused` tokio's clock runs on while no task has anything to do, and a job on another
//! thread is nothing that tokio knows of. In an inline pool the job has ended when the call was
//! polled, so the clock stands still, and the timeouts of the code under test do not strike. In a
//! pool on demand they strike at once, for a job that the test does not run. `timeout`,
//! [`job::within`](crate::job::within) and a shutdown's grace go by the clock of the system, which
//! nothing stops.
//!
//! # The first compile errors
//!
//! - *`Handler<_, _>` is not satisfied*, or *`IntoResponse` is not implemented for
//!   `unblock_runtime::Error`*: the feature `axum` of this crate is off.
//! - *no method named `inline`* or *`on_demand`*: the feature `test-util` is off.
//! - *cannot be sent between threads safely*: an argument or the result stays on its thread. Take
//!   what the body needs out of it before the call: an id instead of a request.
//! - *the job needs a copy … of its own, and there is no way to make one*: `&T` and `&self` are
//!   cloned for the job. Derive `Clone` if that is cheap, or put the value into an `Arc` and take
//!   `self: &Arc<Self>`.
//! - *the job may outlive what it borrows*, of `Option<&str>` or `Guard<'_>`: take the owned type.
//! - *a call with `timeout` or `shed` can fail*: return `Result<_, E>` with an `E` that has
//!   `From<unblock_runtime::Error>`, or write `error = …`.
//! - *lifetime parameters or bounds on method … do not match the trait declaration*: the trait is
//!   one of `#[async_trait]`. Write `async fn` below `#[unblock]`, as the trait does.
//! - *`String` is not a future*, *`IntoResponse` is not implemented for `impl Future`*, or
//!   `Responder`, or `Scribe`: an attribute that wants an `async fn` stands above `#[unblock]`. Put
//!   it below.
//! - *no method named `await`*, *expected `String`, found future*: the function is `async` now, so
//!   its callers `.await` it.
