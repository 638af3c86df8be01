//! One connection, as a task of the loop that serves it: to its end, or until it leaves for another loop.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::{HttpService, service_fn};
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use super::activity::{Activity, Overdue};
use super::gauge::Gauge;
use super::housekeeping::Housekeeping;
use super::protocol::{Conversation, Protocols};
use super::race::{Race, race};
use super::request::Requests;
use super::service::IntoService;
use super::spread::{Connection, Spread};
use super::stop::PhaseWatch;
use super::stream::Stream;
use super::{BoxError, Limits};
use crate::quiet::Quiet;

/// How long a connection that has brought nothing to this loop yet may still bring its first request when the server stops:
/// the client has a connection, and its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// How long any other may: long enough for the runtime to look at the sockets, where the request may be that the client sent
/// before the stop.
const LAST_LOOK: Duration = Duration::from_millis(1);

/// How the connections of one loop are served.
pub(super) struct Connections {
    protocols: Protocols,
    limits: Rc<Limits>,
    request_timeout: Option<Duration>,
    gauge: Gauge,
    phase: PhaseWatch,
    spread: Arc<Spread>,
    housekeeping: Arc<Housekeeping>,
}

impl Connections {
    pub(super) fn new(
        limits: Limits,
        request_timeout: Option<Duration>,
        gauge: Gauge,
        phase: PhaseWatch,
        spread: Arc<Spread>,
        housekeeping: Arc<Housekeeping>,
    ) -> Self {
        let protocols = Protocols::new(&limits);
        Self {
            protocols,
            limits: Rc::new(limits),
            request_timeout,
            gauge,
            phase,
            spread,
            housekeeping,
        }
    }

    /// Serves one connection until it ends, by itself or because the server stops, or is handed to another loop.
    pub(super) async fn serve<K, S: IntoService<K>>(
        self: Rc<Self>,
        connection: Connection,
        service: S::Service,
    ) {
        let mut here = Some(connection);
        while let Some((stream, open)) = here.take() {
            if let Some(stream) = self.converse::<K, S>(stream, service.clone()).await {
                match self.spread.leave((stream, open)) {
                    Ok(back) => here = back,
                    Err(error) => tracing::warn!(%error, "a connection was lost between two loops"),
                }
            }
        }
    }

    /// The stream is given back if it is to leave this loop.
    async fn converse<K, S: IntoService<K>>(
        &self,
        stream: Stream,
        service: S::Service,
    ) -> Option<Stream> {
        let mut phase = self.phase.clone();
        let activity = Arc::clone(stream.activity());
        let before = activity.requests();
        let requests = Rc::new(Requests {
            limits: Rc::clone(&self.limits),
            timeout: self.request_timeout,
            gauge: self.gauge.clone(),
            housekeeping: Arc::clone(&self.housekeeping),
            activity: Arc::clone(&activity),
        });
        let service = service_fn(move |request| requests.answer(&service, request));
        let mut conversation = Conversation::new(&self.protocols, stream, service);

        loop {
            let talk = poll_fn(|cx| {
                // hyper notices only in its next poll what an answer was the end of. So the conversation is between two requests
                // if it was so before that poll, and no other has come in it.
                let talks = Pin::new(&mut conversation).poll(cx).map(Some);
                if talks.is_ready() || !self.is_to_leave(&conversation, &activity, before) {
                    return talks;
                }
                let asked = activity.requests();
                let talks = Pin::new(&mut conversation).poll(cx).map(Some);
                if talks.is_ready() || !self.is_to_leave(&conversation, &activity, before) {
                    return talks;
                }
                if activity.requests() == asked { Poll::Ready(None) } else { Poll::Pending }
            });
            let watch = pin!(race(phase.stopping(), activity.overdue(&self.limits)));
            match race(talk, Quiet::new(watch)).await {
                Race::First(Some(ended)) => return end(ended),
                Race::First(None) => return conversation.take(),
                Race::Second(Race::First(())) => break,
                Race::Second(Race::Second(Overdue::Cut(why))) => {
                    tracing::debug!(why, "closing a connection");
                    return None;
                }
                Race::Second(Race::Second(Overdue::Retire(why))) => {
                    tracing::debug!(why, "asking a client to leave its connection");
                    activity.leave();
                    conversation.shut_down_gracefully();
                }
            }
        }
        let patience = if activity.requests() == before { FIRST_REQUEST } else { LAST_LOOK };
        if let Race::First(ended) = race(&mut conversation, sleep(patience)).await {
            return end(ended);
        }
        if before > 0 && activity.requests() == before {
            // hyper takes a conversation that goes on for one that begins, and would wait for the rest of a head.
            let mut stream = conversation.take()?;
            race(stream.shutdown(), phase.cut()).await;
            return None;
        }
        conversation.shut_down_gracefully();
        loop {
            match race(&mut conversation, race(phase.cut(), activity.overdue(&self.limits))).await {
                Race::First(ended) => return end(ended),
                Race::Second(Race::First(()) | Race::Second(Overdue::Cut(_))) => return None,
                Race::Second(Race::Second(Overdue::Retire(_))) => activity.leave(),
            }
        }
    }

    /// Whether a conversation is between two requests, and is to go on with another loop; not before it has brought one here.
    fn is_to_leave<S, B>(
        &self,
        conversation: &Conversation<'_, S>,
        activity: &Activity,
        before: u64,
    ) -> bool
    where
        S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>, Future: 'static>,
        B: http_body::Body<Error: Into<BoxError>> + 'static,
    {
        self.spread.is_one_to_leave()
            && conversation.can_be_taken()
            && activity.is_between_requests()
            && activity.requests() > before
    }
}

/// Most ends with an error are a client that has gone, or that does not speak HTTP.
fn end(ended: Result<(), BoxError>) -> Option<Stream> {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    None
}
