//! The example `tonic`, by tonic's own client.

#[rustfmt::skip]
#[expect(clippy::pedantic, unreachable_pub, reason = "it is generated")]
#[path = "../../tonic/news.rs"]
mod news;

use std::time::Duration;

use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use self::news::news_client::NewsClient;
use self::news::{Empty, Number, Text};
use crate::server::Server;

async fn start() -> (Server, NewsClient<Channel>) {
    let server = Server::start(env!("CARGO_BIN_EXE_tonic"), &[]);
    let channel = Channel::from_shared(server.url().to_owned()).expect("a URL");
    let channel = channel.connect().await.expect("the server listens");
    (server, NewsClient::new(channel))
}

/// Waits until so many readers are in the body of their method.
async fn readers(client: &mut NewsClient<Channel>, count: u64) {
    while client.readers(Empty {}).await.expect("an answer").into_inner().value != count {}
}

fn next(client: &NewsClient<Channel>) -> impl Future<Output = Told<Text>> + use<> {
    let mut client = client.clone();
    async move { told(client.next(Empty {}).await) }
}

fn hello() -> Text {
    Text { text: "hello".to_owned() }
}

/// A message, or the code and the text of the status in its place.
type Told<T> = Result<T, (Code, String)>;

fn told<T>(outcome: Result<Response<T>, Status>) -> Told<T> {
    outcome.map(Response::into_inner).map_err(|status| (status.code(), status.message().to_owned()))
}

#[tokio::test]
async fn a_light_method_answers_while_another_blocks() {
    let (_server, mut client) = start().await;
    let reader = tokio::spawn(next(&client));
    readers(&mut client, 1).await; // the light method answers, and the reader is in its body
    client.publish(hello()).await.expect("an answer");
    assert_eq!(reader.await.expect("an outcome"), Ok(hello()));
}

#[tokio::test]
async fn a_reader_too_many_is_refused() {
    let (_server, mut client) = start().await;
    let first = tokio::spawn(next(&client));
    readers(&mut client, 1).await;
    // The queue has room for one of these.
    let mut others = JoinSet::new();
    others.spawn(next(&client));
    others.spawn(next(&client));
    let refused = others.join_next().await.expect("two others").expect("an outcome");
    let text = "the pool is overloaded; try again later".to_owned();
    assert_eq!(refused, Err((Code::ResourceExhausted, text)));
    client.publish(hello()).await.expect("an answer");
    assert_eq!(first.await.expect("an outcome"), Ok(hello()));
    readers(&mut client, 1).await; // the one who waited is in its body
    client.publish(hello()).await.expect("an answer");
    let waited = others.join_next().await.expect("one other").expect("an outcome");
    assert_eq!(waited, Ok(hello()));
}

#[tokio::test]
async fn the_time_of_the_client_is_that_of_the_job() {
    let (_server, mut client) = start().await;
    // Without it the job has 100 ms.
    let late = told(client.sleep(Number { value: 60_000 }).await);
    let text = "the deadline passed before the job's end; it may have begun".to_owned();
    assert_eq!(late, Err((Code::DeadlineExceeded, text)));

    let mut request = Request::new(Number { value: 300 });
    request.set_timeout(Duration::from_hours(1));
    let slept = told(client.sleep(request).await);
    assert_eq!(slept, Ok(Text { text: "slept 300 ms".to_owned() }));
}

#[tokio::test]
async fn bad_input_is_an_invalid_argument() {
    let (_server, mut client) = start().await;
    let refused = told(client.sleep(Number { value: 60_001 }).await);
    assert_eq!(refused, Err((Code::InvalidArgument, "at most a minute".to_owned())));
}

#[tokio::test]
async fn a_panic_in_the_body_is_a_status_and_the_server_goes_on() {
    let (_server, mut client) = start().await;
    let panicked = told(client.divide(Number { value: 0 }).await);
    assert_eq!(panicked, Err((Code::Internal, "the job panicked".to_owned())));
    assert_eq!(told(client.divide(Number { value: 5 }).await), Ok(Number { value: 20 }));
}
