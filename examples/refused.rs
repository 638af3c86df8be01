//! What the compiler refuses in each framework, and what to write instead. Each pair differs in
//! nothing else; the documentation tests compile it.
//!
//! # The order of the attributes
//!
//! `#[debug_handler]` of axum wants an `async fn`, which it sees if `#[unblock]` stands above it:
//!
//! ```
//! # use unblock_runtime::unblock; use axum::{debug_handler, extract::Path};
//! #[unblock]
//! #[debug_handler]
//! fn divide(Path(by): Path<u32>) -> String {
//!     (100 / by).to_string()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use axum::{debug_handler, extract::Path};
//! #[debug_handler]
//! #[unblock]
//! fn divide(Path(by): Path<u32>) -> String {
//!     (100 / by).to_string()
//! }
//! ```
//!
//! `#[handler]` of poem and of Salvo and `#[get]` of Rocket take a function that is not `async`,
//! too, and then its future for a response:
//!
//! ```
//! # use unblock_runtime::unblock; use poem::{handler, web::Path};
//! #[unblock]
//! #[handler]
//! fn divide(Path(by): Path<u32>) -> String {
//!     (100 / by).to_string()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use poem::{handler, web::Path};
//! #[handler]
//! #[unblock]
//! fn divide(Path(by): Path<u32>) -> String {
//!     (100 / by).to_string()
//! }
//! ```
//!
//! ```
//! # use unblock_runtime::unblock; use salvo::{extract::PathParam, prelude::*};
//! #[unblock]
//! #[handler]
//! fn divide(by: PathParam<u32>) -> String {
//!     (100 / *by).to_string()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use salvo::{extract::PathParam, prelude::*};
//! #[handler]
//! #[unblock]
//! fn divide(by: PathParam<u32>) -> String {
//!     (100 / *by).to_string()
//! }
//! ```
//!
//! ```
//! # use unblock_runtime::unblock; use rocket::get;
//! #[unblock]
//! #[get("/divide/<by>")]
//! fn divide(by: u32) -> String {
//!     (100 / by).to_string()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use rocket::get;
//! #[get("/divide/<by>")]
//! #[unblock]
//! fn divide(by: u32) -> String {
//!     (100 / by).to_string()
//! }
//! ```
//!
//! In actix-web either order will do:
//!
//! ```
//! # use unblock_runtime::unblock; use actix_web::{get, web::Path};
//! #[get("/divide/{by}")]
//! #[unblock]
//! fn divide(by: Path<u32>) -> String {
//!     (100 / *by).to_string()
//! }
//! ```
//!
//! # What borrows, or stays on its thread
//!
//! The extractors of axum are owned, and a whole request is one:
//!
//! ```
//! # use unblock_runtime::unblock;
//! # use axum::{body::Bytes, debug_handler, extract, http::HeaderMap};
//! #[unblock]
//! #[debug_handler]
//! fn whole(request: extract::Request) -> String {
//!     request.uri().path().to_uppercase()
//! }
//!
//! #[unblock]
//! #[debug_handler]
//! fn parts(headers: HeaderMap, body: Bytes) -> String {
//!     format!("{} fields, {} bytes", headers.len(), body.len())
//! }
//! ```
//!
//! `HttpRequest` and `Payload` of actix-web are not `Send`. An `async` handler takes from them what
//! the body needs:
//!
//! ```
//! # use unblock_runtime::unblock; use actix_web::{HttpRequest, get};
//! #[get("/")]
//! async fn handler(request: HttpRequest) -> String {
//!     work(request.path()).await
//! }
//!
//! #[unblock]
//! fn work(path: &str) -> String {
//!     path.to_uppercase()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use actix_web::{HttpRequest, get};
//! #[unblock]
//! #[get("/")]
//! fn handler(request: HttpRequest) -> String {
//!     request.path().to_uppercase()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use actix_web::{post, web::Payload};
//! #[unblock]
//! #[post("/")]
//! fn handler(body: Payload) -> String {
//!     String::new()
//! }
//! ```
//!
//! poem's `Data<&T>` borrows:
//!
//! ```
//! # use unblock_runtime::unblock; use poem::{handler, web::Data};
//! #[handler]
//! async fn next(topic: Data<&unblock_examples::Topic>) -> String {
//!     read(&topic).await
//! }
//!
//! #[unblock]
//! fn read(topic: &unblock_examples::Topic) -> String {
//!     topic.next()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use poem::{handler, web::Data};
//! #[unblock]
//! #[handler]
//! fn next(topic: Data<&unblock_examples::Topic>) -> String {
//!     topic.next()
//! }
//! ```
//!
//! Salvo lends `&mut Request`, `&mut Response` and `&mut Depot`:
//!
//! ```
//! # use unblock_runtime::unblock; use salvo::prelude::*;
//! #[handler]
//! async fn handler(request: &mut Request) -> String {
//!     work(request.uri().path()).await
//! }
//!
//! #[unblock]
//! fn work(path: &str) -> String {
//!     path.to_uppercase()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use salvo::prelude::*;
//! #[unblock]
//! #[handler]
//! fn handler(request: &mut Request) -> String {
//!     request.uri().path().to_uppercase()
//! }
//! ```
//!
//! Rocket's `State` cannot be cloned. A `&str` of a path can, and needs nothing:
//!
//! ```
//! # use unblock_runtime::unblock; use rocket::{State, get};
//! #[get("/next")]
//! async fn next(topic: &State<unblock_examples::Topic>) -> String {
//!     read(topic).await
//! }
//!
//! #[unblock]
//! fn read(topic: &unblock_examples::Topic) -> String {
//!     topic.next()
//! }
//!
//! #[unblock]
//! #[get("/upper/<text>")]
//! fn upper(text: &str) -> String {
//!     text.to_uppercase()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::unblock; use rocket::{State, get};
//! #[unblock]
//! #[get("/next")]
//! fn next(topic: &State<unblock_examples::Topic>) -> String {
//!     topic.next()
//! }
//! ```
//!
//! # Methods under `#[tonic::async_trait]`
//!
//! They are `async fn` in the trait, and in its implementation:
//!
//! ```
//! # use unblock_runtime::unblock; use tonic::{Request, Response, Status, async_trait};
//! # #[async_trait] trait Echo {
//! #     async fn echo(&self, request: Request<String>) -> Result<Response<String>, Status>;
//! # }
//! # #[derive(Clone)] struct Service;
//! #[async_trait]
//! impl Echo for Service {
//!     #[unblock]
//!     async fn echo(&self, request: Request<String>) -> Result<Response<String>, Status> {
//!         Ok(Response::new(request.into_inner()))
//!     }
//! }
//! ```
//!
//! ```compile_fail,E0195
//! # use unblock_runtime::unblock; use tonic::{Request, Response, Status, async_trait};
//! # #[async_trait] trait Echo {
//! #     async fn echo(&self, request: Request<String>) -> Result<Response<String>, Status>;
//! # }
//! # #[derive(Clone)] struct Service;
//! #[async_trait]
//! impl Echo for Service {
//!     #[unblock]
//!     fn echo(&self, request: Request<String>) -> Result<Response<String>, Status> {
//!         Ok(Response::new(request.into_inner()))
//!     }
//! }
//! ```
//!
//! # Errors of another crate
//!
//! warp's `Rejection` and tonic's `Status` cannot have `From<Error>`:
//!
//! ```
//! # use unblock_runtime::{Error, unblock}; use warp::Rejection;
//! #[unblock(timeout = "1s", error = reject)]
//! fn divide(by: u32) -> Result<String, Rejection> {
//!     Ok((100 / by).to_string())
//! }
//!
//! fn reject(_: Error) -> Rejection {
//!     warp::reject::reject()
//! }
//! ```
//!
//! ```compile_fail
//! # use unblock_runtime::{Error, unblock}; use warp::Rejection;
//! #[unblock(timeout = "1s")]
//! fn divide(by: u32) -> Result<String, Rejection> {
//!     Ok((100 / by).to_string())
//! }
//! ```
