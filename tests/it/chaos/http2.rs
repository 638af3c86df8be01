//! A visitor that speaks HTTP/2, and whose requests share a connection.

use std::net::SocketAddr;
use std::ops::Range;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::dice::Dice;
use super::request_plan::RequestPlan;
use super::{PER_CONNECTION, Tally};
use crate::support::DEADLINE;

/// How many requests are sent before the responses are waited for.
const AT_ONCE: u64 = 10;

/// Asks once for each number.
pub(super) async fn visit(server: SocketAddr, mut dice: Dice, ids: Range<u64>) -> Tally {
    let mut tally = Tally::default();
    let ids: Vec<u64> = ids.collect();
    // As many as a connection may bring, so that none is on its way when the server says that it
    // takes no more.
    for connection in ids.chunks(usize::try_from(PER_CONNECTION).unwrap()) {
        let stream = TcpStream::connect(server).await.expect("a connection");
        let (mut requests, driver) =
            handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("a handshake");
        let driver = tokio::spawn(driver);
        for group in connection.chunks(usize::try_from(AT_ONCE).unwrap()) {
            let mut visits = JoinSet::new();
            for &id in group {
                let (plan, manner) = (RequestPlan::random(&mut dice), dice.below(20));
                visits.spawn(ask(requests.clone(), plan, id, manner));
                requests.ready().await.expect("room for a stream");
            }
            for status in visits.join_all().await {
                match status {
                    Some(status) => tally.answered(status),
                    None => tally.vanished += 1,
                }
            }
        }
        drop(requests);
        // A request that was given up may have been reset before the server saw it, so the server
        // need not be the one that ends the connection; and what it says to streams that are gone
        // is of no interest.
        let _ =
            timeout(DEADLINE, driver).await.expect("the end of the connection").expect("no panic");
    }
    tally
}

/// The status, if it stays to see it.
async fn ask(
    mut requests: SendRequest<Full<Bytes>>,
    plan: RequestPlan,
    id: u64,
    manner: u64,
) -> Option<u16> {
    let request =
        Request::builder().method(plan.method()).uri(format!("http://test{}", plan.path(id)));
    let response = requests.send_request(request.body(Full::new(plan.body(id))).unwrap());
    match manner {
        // Gives up at once, when the request has been sent, or in the middle of the response.
        0 => drop(response),
        1 => drop(timeout(std::time::Duration::from_millis(1), response).await),
        2 => {
            if let Ok(mut response) = response.await {
                drop(response.body_mut().frame().await);
            }
        }
        _ => {
            let (head, body) = timeout(DEADLINE, async {
                let (head, body) = response.await.map(Response::into_parts)?;
                Ok::<_, hyper::Error>((head, body.collect().await?.to_bytes()))
            })
            .await
            .expect("a response before the deadline of all tests")
            .unwrap_or_else(|error| panic!("{plan:?} {id}: {error:?}"));
            let status = head.status.as_u16();
            plan.check(id, status, &body);
            return Some(status);
        }
    }
    None
}
