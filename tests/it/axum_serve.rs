//! The peer of comparisons: a router on `axum::serve`, which lives as long as the tests do.

use std::net::{SocketAddr, TcpListener};
use std::thread;

use axum::Router;
use tokio::runtime::Builder;

pub(crate) fn axum_serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    address
}
