//! A client of HTTP/2, whose requests share a connection, and which takes some of them back.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Request;
use h2::client::{SendRequest, handshake};
use h2::{Error, Reason};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_local};

use crate::clients::{Plan, Tally};
use crate::dice::Dice;

/// Largest number of requests of a connection, fewer than the server allows at a time.
const REQUESTS: u64 = 40;

/// # Errors
///
/// There is no connection.
pub(crate) async fn visit(
    server: SocketAddr,
    dice: &mut Dice,
    tally: &Rc<RefCell<Tally>>,
) -> io::Result<()> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let Ok((mut sender, connection)) = handshake(stream).await else {
        return Err(io::ErrorKind::ConnectionReset.into());
    };
    let connection = spawn_local(connection);
    let mut requests = JoinSet::new();
    for _ in 0..=dice.below(REQUESTS) {
        let plan = Plan::random(dice);
        let patience = (dice.below(8) == 0).then(|| Duration::from_millis(dice.below(3)));
        let Ok(ready) = sender.clone().ready().await else { break };
        sender = ready;
        requests.spawn_local(ask(sender.clone(), plan, patience, Rc::clone(tally)));
    }
    while requests.join_next().await.is_some() {}
    // Some go in peace, when the server has heard that they do.
    drop(sender);
    if dice.below(2) == 0 {
        let _ = connection.await;
    } else {
        connection.abort();
    }
    Ok(())
}

/// Sends a request, and enters its outcome, unless it is taken back after some time.
async fn ask(
    sender: SendRequest<Bytes>,
    plan: Plan,
    patience: Option<Duration>,
    tally: Rc<RefCell<Tally>>,
) {
    if let Some(patience) = patience {
        // Dropping the stream resets it.
        let _ = tokio::time::timeout(patience, response(sender, &plan)).await;
        tally.borrow_mut().vanished += 1;
        return;
    }
    let outcome = response(sender, &plan).await;
    let mut tally = tally.borrow_mut();
    if let Ok((status, body)) = outcome {
        plan.enter(&mut tally, status, &body);
    } else {
        tally.asked += 1;
        tally.lost += 1;
    }
}

async fn response(mut sender: SendRequest<Bytes>, plan: &Plan) -> Result<(u16, Vec<u8>), Error> {
    let uri = format!("http://soak{}", plan.path);
    let request = Request::builder().method(plan.method).uri(uri).body(()).expect("a request");
    let is_empty = plan.body.is_empty();
    let (response, mut send) = sender.send_request(request, is_empty)?;
    if !is_empty {
        send.send_data(Bytes::from(plan.body.clone()), true)?;
    }
    let (head, mut body) = response.await?.into_parts();
    let mut received = Vec::new();
    while let Some(bytes) = body.data().await {
        match bytes {
            Ok(bytes) => {
                body.flow_control().release_capacity(bytes.len())?;
                received.extend_from_slice(&bytes);
            }
            // The response is whole, and the server wants no more of the request.
            Err(error) if error.reason() == Some(Reason::NO_ERROR) => break,
            Err(error) => return Err(error),
        }
    }
    Ok((head.status.as_u16(), received))
}
