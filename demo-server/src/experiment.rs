//! The experiment of the page: routes that fire requests at this server, and who may use them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use clap::ValueEnum;
use serde::Deserialize;

use crate::error_response::{TextResponse, bad_request};
use crate::load::{Load, Target};
use crate::single;

/// The most requests that one press of a button may ask for.
const MOST_REQUESTS: usize = 64;

/// Who may start experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Who {
    /// Browsers and programs on this machine that ask for it by a local name
    Local,
    /// Whoever reaches the server, from pages of the server itself
    Anyone,
    /// Nobody
    Nobody,
}

/// What experiments need to know.
#[derive(Clone)]
pub(crate) struct Experiment {
    pub(crate) who: Who,
    pub(crate) target: Target,
    /// Set while an experiment runs: there is one at a time.
    pub(crate) is_running: Arc<AtomicBool>,
}

/// The query of `POST /experiment`.
#[derive(Deserialize)]
struct Asked {
    work: Work,
    on: Place,
    requests: usize,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Work {
    Sleep,
    Compute,
    Hammer,
}

/// Where the handlers run.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Pool,
    Loop,
}

/// Returns the routes, which refuse whoever may not use them.
pub(crate) fn router(experiment: Experiment) -> Router {
    Router::new()
        .route("/experiment", post(run))
        .merge(single::on_the_loop())
        .route_layer(middleware::from_fn_with_state(experiment.clone(), guard))
        .with_state(experiment)
}

/// `POST /experiment?work=sleep|compute|hammer&on=pool|loop&requests=N`. The response comes when
/// all requests were answered.
async fn run(
    State(experiment): State<Experiment>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<impl IntoResponse, TextResponse> {
    let wrong = "the query must be work=sleep|compute|hammer, on=pool|loop and requests=1 to 64";
    let Query(Asked { work, on, requests }) = asked.map_err(|_| bad_request(wrong))?;
    if !(1..=MOST_REQUESTS).contains(&requests) {
        return Err(bad_request(wrong));
    }
    let prefix = match on {
        Place::Pool => "",
        Place::Loop => "/on-the-loop",
    };
    let (path, rounds) = match work {
        Work::Sleep => ("/sleep/1", 1),
        Work::Compute => ("/spin/100000", 1),
        Work::Hammer => ("/spin/5000", 50),
    };
    let Some(running) = Running::begin(&experiment.is_running) else {
        return Err(TextResponse::new(
            StatusCode::CONFLICT,
            "an experiment is running; try again when it has ended",
        ));
    };
    let load =
        Load { target: experiment.target, path: format!("{prefix}{path}"), requests, rounds };
    Ok(Json(load.run(running).await?))
}

/// An experiment that runs. Dropping it lets the next one begin.
pub(crate) struct Running(Arc<AtomicBool>);

impl Running {
    fn begin(is_running: &Arc<AtomicBool>) -> Option<Self> {
        let was_running = is_running.swap(true, Ordering::AcqRel);
        (!was_running).then(|| Self(Arc::clone(is_running)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Refuses requests that nobody on this machine has made on purpose. A page of another site that
/// somebody here looks at must not fire at this server, whether it uses the server's address or
/// lets a name of its own lead there, and neither may a stranger behind a proxy on this machine.
async fn guard(
    State(experiment): State<Experiment>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    request: Request,
    next: Next,
) -> Response {
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer);
    let headers = request.headers();
    let is_allowed = is_of_own_page(headers)
        && match experiment.who {
            Who::Anyone => true,
            Who::Local => peer.is_some_and(|peer| peer.ip().is_loopback()) && is_local(headers),
            Who::Nobody => false,
        };
    if is_allowed {
        return next.run(request).await;
    }
    let line = "experiments are for pages of this server on its own machine, unless --experiment \
                says otherwise";
    // The type has a method of this name too.
    IntoResponse::into_response(TextResponse::new(StatusCode::FORBIDDEN, line))
}

/// Whether a request comes from a page of this server, or from no page at all.
fn is_of_own_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    // `none` is what somebody has typed.
    let is_same_site = matches!(site, None | Some(b"same-origin" | b"none"));
    let is_same_origin = origin
        .is_none_or(|origin| origin.strip_prefix(b"http://").is_some_and(|o| Some(o) == host));
    is_same_site && is_same_origin
}

/// Whether a request asks for this machine by a local name, and no proxy has passed it on.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let is_local_name = host.is_some_and(|host| match host.host() {
        "localhost" | "[::1]" => true,
        name => name.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback()),
    });
    is_local_name
        && !headers.contains_key(header::FORWARDED)
        && !headers.contains_key("x-forwarded-for")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn pages_of_other_sites_are_told_from_those_of_this_server() {
        let host = ("host", "127.0.0.1:8888");
        let own = [
            vec![host],
            vec![host, ("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8888")],
            vec![host, ("sec-fetch-site", "none")],
        ];
        let others = [
            vec![host, ("sec-fetch-site", "cross-site")],
            vec![host, ("sec-fetch-site", "same-site")],
            vec![host, ("origin", "http://evil.example")],
            vec![host, ("origin", "null")],
            vec![host, ("origin", "http://127.0.0.1:9999")],
        ];
        for fields in own {
            assert!(is_of_own_page(&headers(&fields)), "{fields:?}");
        }
        for fields in others {
            assert!(!is_of_own_page(&headers(&fields)), "{fields:?}");
        }
    }

    #[test]
    fn a_local_name_is_told_from_one_that_leads_here_and_from_a_proxy() {
        for host in ["localhost:8888", "127.0.0.1:8888", "127.1.2.3", "[::1]:8888"] {
            assert!(is_local(&headers(&[("host", host)])), "{host}");
            let passed_on = [("host", host), ("x-forwarded-for", "203.0.113.7")];
            assert!(!is_local(&headers(&passed_on)), "{host}");
        }
        for host in ["evil.example:8888", "localhost.evil.example", "192.0.2.1", ""] {
            assert!(!is_local(&headers(&[("host", host)])), "{host}");
        }
        assert!(!is_local(&headers(&[])));
    }
}
