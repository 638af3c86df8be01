//! `#[unblock]` handlers under the server of this project, under `axum::serve` and under actix-web.
//!
//! Each refuses what it cannot serve in the time for which the clients of its bench wait.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{App, HttpServer, ResponseError, web};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use unblock_runtime::server::Server;
use unblock_runtime::{Error, unblock};

use super::peers::{DEFAULT_THREADS, light_routes, serve_axum};
use super::work::{self, hello};
use super::{Contender, Program, announce};

/// Under the server of this project.
pub const UNBLOCK: Contender =
    Contender { name: "`#[unblock(shed)]`, unblock's Server", program: Program::This(serve) };

/// Under `axum::serve`.
pub const UNBLOCK_AXUM: Contender = Contender {
    name: "`#[unblock(shed)]`, axum::serve",
    program: Program::This(|| serve_axum(DEFAULT_THREADS, axum_routes())),
};

/// Under actix-web.
pub const UNBLOCK_ACTIX: Contender =
    Contender { name: "`#[unblock(shed)]`, actix-web", program: Program::This(serve_actix) };

#[unblock(shed, timeout = "1s")]
fn spin(micros: u64) -> Result<String, Error> {
    Ok(work::spin(micros))
}

#[unblock(shed, timeout = "2s")]
fn sleep(seconds: f64) -> Result<String, Error> {
    Ok(work::sleep(seconds))
}

#[unblock(shed, timeout = "2s")]
fn login(password: &str) -> Result<String, Error> {
    Ok(work::login(password))
}

/// Serves with the server of this project until the process is killed.
pub fn serve() {
    let server = Server::builder().on_ready(announce).bind("127.0.0.1:0").expect("a socket");
    server.serve(light_routes().merge(axum_routes())).expect("to serve");
}

fn axum_routes() -> Router {
    Router::new()
        .route("/spin/{micros}", get(async |Path(micros)| spin(micros).await))
        .route("/sleep/{seconds}", get(async |Path(seconds)| sleep(seconds).await))
        .route(
            "/login/{password}",
            get(async |Path(password): Path<String>| login(&password).await),
        )
}

fn serve_actix() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| {
            App::new()
                .route("/", web::get().to(async || hello()))
                .route("/healthz", web::get().to(async || "ok\n"))
                .route(
                    "/spin/{micros}",
                    web::get()
                        .to(async |micros: web::Path<u64>| spin(*micros).await.map_err(ActixError)),
                )
                .route(
                    "/sleep/{seconds}",
                    web::get().to(async |seconds: web::Path<f64>| {
                        sleep(*seconds).await.map_err(ActixError)
                    }),
                )
                .route(
                    "/login/{password}",
                    web::get().to(async |password: web::Path<String>| {
                        login(&password).await.map_err(ActixError)
                    }),
                )
        })
        .bind("127.0.0.1:0")
        .expect("a socket");
        announce(server.addrs()[0]);
        server.run().await.expect("to serve");
    });
}

/// An error as a response of actix-web.
#[derive(Debug)]
struct ActixError(Error);

impl fmt::Display for ActixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for ActixError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.http_status()).expect("a status")
    }
}
