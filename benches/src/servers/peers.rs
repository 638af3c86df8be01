//! Servers with the same routes, each with its framework's way to run a blocking function.

use std::future::Future;
use std::thread::available_parallelism;

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use super::work::{Work, hello};
use super::{Contender, Program, announce};

/// The demo of this project, at its default settings.
pub const DEMO: Contender =
    Contender { name: "unblock (demo-server, defaults)", program: Program::Demo(&[]) };

/// axum, whose blocking functions run on tokio's pool of up to 512 threads.
pub const AXUM: Contender = Contender {
    name: "axum, spawn_blocking at its default",
    program: Program::This(|| serve_axum(DEFAULT_THREADS, heavy_routes(unlimited))),
};

/// axum, whose blocking functions run on a thread per core: the best setting if they compute.
pub const AXUM_PER_CORE: Contender = Contender {
    name: "axum, spawn_blocking with a thread per core",
    program: Program::This(|| serve_axum(cores(), heavy_routes(unlimited))),
};

/// actix-web, whose blocking functions run on a pool for each worker.
pub const ACTIX: Contender = Contender {
    name: "actix-web, web::block at its default",
    program: Program::This(|| serve_actix(DEFAULT_THREADS)),
};

/// The most threads that tokio and actix-web have for blocking functions, unless they are told
/// otherwise.
pub const DEFAULT_THREADS: usize = 512;

/// Number of cores that this process may use.
pub fn cores() -> usize {
    available_parallelism().map_or(1, Into::into)
}

/// Returns the light routes, the same in all servers.
pub fn light_routes() -> Router {
    Router::new().route("/", get(async || hello())).route("/healthz", get(async || "ok\n"))
}

/// Returns the heavy routes of a server in which `run` does the work.
pub fn heavy_routes<F>(run: impl Fn(Work) -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output: IntoResponse> + Send + 'static,
{
    let (spin, sleep, login) = (run.clone(), run.clone(), run);
    Router::new()
        .route("/spin/{micros}", get(move |Path(micros)| spin(Work::Spin(micros))))
        .route("/sleep/{seconds}", get(move |Path(seconds)| sleep(Work::Sleep(seconds))))
        .route("/login/{password}", get(move |Path(password)| login(Work::Login(password))))
}

/// Serves the light routes and these with `axum::serve`, on a runtime of so many threads for
/// blocking functions.
pub fn serve_axum(blocking_threads: usize, heavy: Router) {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.enable_all().max_blocking_threads(blocking_threads).build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        announce(listener.local_addr().expect("its address"));
        axum::serve(listener, light_routes().merge(heavy)).await.expect("to serve");
    });
}

/// Runs the work on tokio's threads for blocking functions, however many requests there are.
pub async fn unlimited(work: Work) -> String {
    blocking(move || work.run()).await
}

/// Runs a job on tokio's threads for blocking functions.
pub async fn blocking(job: impl FnOnce() -> String + Send + 'static) -> String {
    spawn_blocking(job).await.expect("the job's value")
}

/// Runs actix-web with so many threads for blocking functions, which its workers share out.
pub fn serve_actix(blocking_threads: usize) {
    use actix_web::{App, HttpServer, web};

    async fn block(work: Work) -> String {
        web::block(move || work.run()).await.expect("the job's value")
    }

    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| {
            App::new()
                .route("/", web::get().to(async || hello()))
                .route("/healthz", web::get().to(async || "ok\n"))
                .route(
                    "/spin/{micros}",
                    web::get().to(|micros: web::Path<u64>| block(Work::Spin(*micros))),
                )
                .route(
                    "/sleep/{seconds}",
                    web::get().to(|seconds: web::Path<f64>| block(Work::Sleep(*seconds))),
                )
                .route(
                    "/login/{password}",
                    web::get().to(|password: web::Path<String>| {
                        block(Work::Login(password.into_inner()))
                    }),
                )
        })
        .worker_max_blocking_threads(blocking_threads / cores())
        .bind("127.0.0.1:0")
        .expect("a socket");
        announce(server.addrs()[0]);
        server.run().await.expect("to serve");
    });
}
