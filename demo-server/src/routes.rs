//! The handlers. Each is an ordinary blocking function with one line above it: `#[unblock]`.
//!
//! The body of such a function runs on a thread of the pool. The event loop that took the request
//! goes on with other requests meanwhile, and writes the response when it is there. The code is the
//! same whether the body computes, sleeps or waits for a disk.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use unblock_runtime::unblock;

use crate::error_response::TextResponse;
use crate::input::{Micros, Note, Posted, Seconds, Width};
use crate::notes::Notes;
use crate::pages::{self, Site};
use crate::thumbnail::{self, Thumbnail};
use crate::work;

/// `GET /sleep/{seconds}`
#[unblock]
fn sleep(Seconds(time): Seconds) -> String {
    work::sleep(time)
}

/// `GET /spin/{micros}`. With `shed`, a call that could only wait in vain is refused at once: 503,
/// with the time after which to try again. The error type must convert from the pool's.
#[unblock(shed)]
fn spin(Micros(time): Micros) -> Result<String, TextResponse> {
    Ok(work::spin(time))
}

/// `POST /hash`. With `timeout`, a call that takes too long is given up: 504.
#[unblock(timeout = "30s", shed)]
fn hash(Posted(password): Posted) -> Result<String, TextResponse> {
    work::hash(&password)
}

/// `POST /thumbnail?width=N`. The header `Thumbnail-Note` says what became of the picture besides.
#[unblock(timeout = "30s", shed)]
fn thumbnail(Width(width): Width, Posted(picture): Posted) -> Result<Thumbnail, TextResponse> {
    thumbnail::thumbnail(&picture, width)
}

/// Methods work like functions: the job gets a clone of `self`.
impl Notes {
    #[unblock]
    fn list(&self) -> Result<Vec<(i64, String)>, TextResponse> {
        self.newest()
    }

    #[unblock]
    fn add(&self, text: &str) -> Result<i64, TextResponse> {
        self.insert(text)
    }
}

/// `GET /notes`. The code after an `.await` runs on the event loop again.
async fn get_notes(State(notes): State<Notes>) -> Result<String, TextResponse> {
    notes.list().await.map(listed)
}

/// `POST /notes`
async fn post_note(
    State(notes): State<Notes>,
    Note(text): Note,
) -> Result<impl IntoResponse, TextResponse> {
    notes.add(&text).await.map(added)
}

/// Returns all routes, with handlers that run on the pool.
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

/// What a thumbnail's picture has lost, or why it looks other than it was sent.
const NOTE: HeaderName = HeaderName::from_static("thumbnail-note");

impl IntoResponse for Thumbnail {
    fn into_response(self) -> axum::response::Response {
        let notes = self.notes.join("; ");
        let note = (!notes.is_empty()).then_some([(NOTE, notes)]);
        ([(header::CONTENT_TYPE, "image/png")], note, self.png).into_response()
    }
}

pub(crate) fn listed(notes: Vec<(i64, String)>) -> String {
    notes.into_iter().fold(String::new(), |list, (id, text)| list + &format!("{id}\t{text}\n"))
}

pub(crate) fn added(id: i64) -> impl IntoResponse {
    (StatusCode::CREATED, format!("added note {id}\n"))
}
