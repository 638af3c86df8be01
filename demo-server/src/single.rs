//! The control experiment: the same work without `#[unblock]`, so that it runs on the event loop.
//! While one of these handlers runs, its loop serves nobody else.

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};

use crate::error_response::TextResponse;
use crate::input::{Micros, Note, Posted, Seconds, Width};
use crate::notes::Notes;
use crate::pages::{self, Site};
use crate::routes::{added, listed};
use crate::thumbnail::{self, Thumbnail};
use crate::work;

async fn sleep(Seconds(time): Seconds) -> String {
    work::sleep(time)
}

async fn spin(Micros(time): Micros) -> String {
    work::spin(time)
}

async fn hash(Posted(password): Posted) -> Result<String, TextResponse> {
    work::hash(&password)
}

async fn thumbnail(
    Width(width): Width,
    Posted(picture): Posted,
) -> Result<Thumbnail, TextResponse> {
    thumbnail::thumbnail(&picture, width)
}

async fn get_notes(State(notes): State<Notes>) -> Result<String, TextResponse> {
    notes.newest().map(listed)
}

async fn post_note(
    State(notes): State<Notes>,
    Note(text): Note,
) -> Result<impl IntoResponse, TextResponse> {
    notes.insert(&text).map(added)
}

/// Returns all routes, with handlers that run on the event loop.
pub(crate) fn router(notes: Notes, site: &Site) -> Router {
    let routes = Router::new()
        .route("/sleep/{seconds}", get(sleep))
        .route("/spin/{micros}", get(spin))
        .route("/hash", post(hash))
        .route("/thumbnail", post(thumbnail))
        .route("/notes", get(get_notes).post(post_note))
        .with_state(notes);
    pages::around(routes, site)
}

/// Returns the routes by which the experiment of the page blocks an event loop, in any mode.
pub(crate) fn on_the_loop<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/on-the-loop/sleep/{seconds}", get(sleep))
        .route("/on-the-loop/spin/{micros}", get(spin))
}
