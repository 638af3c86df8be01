//! The events that one browser is sent.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::sampler::{Picture, Sampler, json};

/// The time after which a stream ends and its browser connects again. A server that does not tell
/// the streams that it stops waits for them no longer than this.
const LONGEST: Duration = Duration::from_secs(30);

/// The time after which a browser whose stream has ended connects again.
const RETRY: Duration = Duration::from_millis(250);

/// What a browser has, and where it gets the rest.
struct Browser {
    pictures: watch::Receiver<Arc<Picture>>,
    /// The time of the newest point that it has.
    newest: u64,
    is_first: bool,
    began: Instant,
    /// Whether its server stops, and waits for the stream to end.
    is_stopping: Box<dyn Fn() -> bool + Send>,
}

/// Returns the stream of pictures for a browser. The first event has the history, but for what the
/// browser had of this process when it was last connected.
pub(super) fn events(
    sampler: &Sampler,
    headers: &HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let browser = Browser {
        pictures: sampler.watch(),
        newest: last_event(headers).unwrap_or_default(),
        is_first: true,
        began: Instant::now(),
        is_stopping: Box::new(stop_of_server()),
    };
    Sse::new(stream::unfold(browser, |mut browser| async {
        let event = browser.next().await?;
        Some((Ok(event), browser))
    }))
}

impl Browser {
    async fn next(&mut self) -> Option<Event> {
        self.pictures.changed().await.ok()?;
        if (self.is_stopping)() || self.began.elapsed() >= LONGEST {
            return None;
        }
        let picture = Arc::clone(&self.pictures.borrow_and_update());
        Some(self.event(&picture))
    }

    /// Writes what the browser does not have yet: the curves and the table change once a second.
    fn event(&mut self, picture: &Picture) -> Event {
        let last_second = &picture.last_second;
        let new = last_second.points.iter().filter(|point| point.time > self.newest);
        let points: Vec<_> = new.map(|point| json(&**point)).collect();
        let rest = if self.is_first || !points.is_empty() {
            format!(",\"points\":[{}],\"table\":{}", points.join(","), last_second.table)
        } else {
            String::new()
        };
        let data = format!("{{\"now\":{}{rest}}}", picture.snapshot);
        self.is_first = false;
        self.newest = last_second.points.back().map_or(self.newest, |point| point.time);
        let id = format!("{}-{}", std::process::id(), self.newest);
        Event::default().retry(RETRY).id(id).data(data)
    }
}

/// Returns what tells whether the server stops on whose loop this is called. Another server does
/// not say so.
#[cfg(feature = "server")]
fn stop_of_server() -> impl Fn() -> bool + Send {
    let server = crate::server::ShutdownWatch::of_this_loop();
    move || server.as_ref().is_some_and(crate::server::ShutdownWatch::is_stopping)
}

#[cfg(not(feature = "server"))]
fn stop_of_server() -> impl Fn() -> bool + Send {
    || false
}

/// Returns the time of the newest point that a browser has, if that is one of this process.
fn last_event(headers: &HeaderMap) -> Option<u64> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    let (process, time) = id.split_once('-')?;
    if process == std::process::id().to_string() { time.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll(browser: &mut Browser) -> Poll<Option<String>> {
        let next = pin!(browser.next()).poll(&mut Context::from_waker(Waker::noop()));
        next.map(|event| event.map(|event| format!("{event:?}")))
    }

    fn picture(snapshot: &str) -> Arc<Picture> {
        Arc::new(Picture { snapshot: snapshot.to_owned(), ..Picture::default() })
    }

    fn browser(pictures: watch::Receiver<Arc<Picture>>) -> Browser {
        let (began, is_stopping) = (Instant::now(), Box::new(|| false));
        Browser { pictures, newest: 0, is_first: true, began, is_stopping }
    }

    #[test]
    fn a_browser_that_reads_slowly_is_sent_the_newest_picture_and_no_backlog() {
        let pictures = watch::Sender::new(picture("0"));
        let mut browser = browser(pictures.subscribe());
        assert!(poll(&mut browser).is_pending(), "a picture from before");
        for number in 1..=1000 {
            pictures.send_replace(picture(&number.to_string()));
        }
        let Poll::Ready(Some(event)) = poll(&mut browser) else { panic!("no picture") };
        assert!(event.contains("1000"), "{event}");
        assert!(poll(&mut browser).is_pending(), "a second picture");
    }

    #[test]
    fn a_stream_ends_after_its_time() {
        let pictures = watch::Sender::new(picture("0"));
        let mut browser = browser(pictures.subscribe());
        browser.began = browser.began.checked_sub(LONGEST).unwrap();
        pictures.send_replace(picture("1"));
        assert!(matches!(poll(&mut browser), Poll::Ready(None)));
    }
}
