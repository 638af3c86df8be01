//! The clients: each visits the server again and again, as its dice decide.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use crate::connection::{Connection, Response};
use crate::dice::Dice;
use crate::http2;
use crate::server::{LARGE, PIECES, text};

/// What became of the requests.
#[derive(Clone, Default)]
pub(crate) struct Tally {
    /// Whole requests whose clients stayed for the response.
    pub(crate) asked: usize,
    /// Those whose response was the right one.
    pub(crate) answered: usize,
    /// Those that were refused or given up by the server, with a response that says so.
    pub(crate) refused: usize,
    /// Those whose connection ended without a response.
    pub(crate) lost: usize,
    /// Those whose response was another's, or none that HTTP has.
    pub(crate) wrong: usize,
    /// Visits whose client vanished, or never sent a whole request.
    pub(crate) vanished: usize,
    /// Connections that became something else and brought every byte back.
    pub(crate) upgraded: usize,
}

impl Tally {
    /// Whether each request that was asked has exactly one outcome.
    pub(crate) fn is_conserved(&self) -> bool {
        self.asked == self.answered + self.refused + self.lost + self.wrong
    }
}

/// A request, and what is right in response to it.
pub(crate) struct Plan {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// Statuses that say that the server refuses or gives up.
    refusals: &'static [u16],
    expected: Vec<u8>,
}

impl Plan {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let id = dice.below(1 << 40);
        let get = |path: String, refusals| Self {
            method: "GET",
            path,
            body: Vec::new(),
            refusals,
            expected: text(id).into_bytes(),
        };
        match dice.below(100) {
            0..40 => get(format!("/light/{id}"), &[]),
            40..60 => get(format!("/spin/{}/{id}", dice.below(500)), &[503]),
            60..75 => get(format!("/sleep/{}/{id}", dice.below(5)), &[]),
            75..80 => get(format!("/late/{id}"), &[503, 504]),
            80..83 => get(format!("/panic/{id}"), &[500]),
            83..88 => {
                let plan = get(format!("/pieces/{id}"), &[]);
                Self { expected: plan.expected.repeat(PIECES), ..plan }
            }
            88..90 => get(format!("/nothing/{id}"), &[404]),
            90..91 => {
                let body = vec![b'x'; (1 << 20) + 1];
                Self {
                    method: "POST",
                    path: "/echo".to_owned(),
                    body,
                    ..get(String::new(), &[413])
                }
            }
            _ => {
                let length = usize::try_from(dice.below(50_000)).unwrap_or_default();
                let body = text(id).into_bytes().repeat(1 + length / 4000);
                Self {
                    method: "POST",
                    path: "/echo".to_owned(),
                    expected: body.clone(),
                    body,
                    refusals: &[],
                }
            }
        }
    }

    /// Enters the response.
    pub(crate) fn enter(&self, tally: &mut Tally, status: u16, body: &[u8]) {
        tally.asked += 1;
        if status == 200 && body == self.expected {
            tally.answered += 1;
        } else if self.refusals.contains(&status) {
            tally.refused += 1;
        } else {
            tally.wrong += 1;
        }
    }

    fn bytes(&self, dice: &mut Dice) -> Vec<u8> {
        let Self { method, path, body, .. } = self;
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: soak\r\n").into_bytes();
        if body.is_empty() {
            bytes.extend(b"\r\n");
        } else if dice.below(2) == 0 && body.len() <= 1 << 20 {
            bytes.extend(format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len()).bytes());
            bytes.extend(body);
            bytes.extend(b"\r\n0\r\n\r\n");
        } else {
            bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
            bytes.extend(body);
        }
        bytes
    }
}

/// One client after the other, each on connections of its own.
pub(crate) struct Visitor {
    pub(crate) server: SocketAddr,
    pub(crate) dice: Dice,
    pub(crate) tally: Rc<RefCell<Tally>>,
}

impl Visitor {
    /// Visits until the time is up.
    pub(crate) async fn run(mut self, end: Instant) {
        while Instant::now() < end {
            if self.visit().await.is_err() {
                // Out of ports, or between a child that was killed and the next.
                sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// # Errors
    ///
    /// There is no connection.
    async fn visit(&mut self) -> io::Result<()> {
        match self.dice.below(100) {
            0..35 => self.keep_alive().await,
            35..45 => self.pipeline().await,
            45..52 => self.half_a_head().await,
            52..60 => self.slow_body().await,
            60..70 => self.vanish().await,
            70..82 => http2::visit(self.server, &mut self.dice, &self.tally).await,
            82..91 => self.upgrade().await,
            91..95 => self.flood().await,
            _ => self.slow_reader().await,
        }
    }

    /// One request after the other, as most clients do.
    async fn keep_alive(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        for _ in 0..=self.dice.below(50) {
            let plan = Plan::random(&mut self.dice);
            let bytes = plan.bytes(&mut self.dice);
            connection.send(bytes).await;
            if !self.receive(&plan, &mut connection).await {
                break;
            }
        }
        Ok(())
    }

    /// Several requests before the first response. None has a body, which a refusal would end the
    /// connection for.
    async fn pipeline(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        let mut plans = Vec::new();
        while plans.len() < 10 {
            let plan = Plan::random(&mut self.dice);
            if plan.body.is_empty() {
                plans.push(plan);
            }
        }
        let mut bytes = Vec::new();
        for plan in &plans {
            bytes.extend(plan.bytes(&mut self.dice));
        }
        connection.send(bytes).await;
        for plan in &plans {
            self.receive(plan, &mut connection).await;
        }
        Ok(())
    }

    /// A part of a head, and then nothing for a moment or until the server closes the connection.
    async fn half_a_head(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        let whole = b"GET /light/0 HTTP/1.1\r\nhost: soak\r\n";
        let part = usize::try_from(self.dice.below(whole.len() as u64)).unwrap_or_default();
        connection.send(&whole[..part]).await;
        if self.dice.below(4) == 0 && !connection.ends().await {
            self.tally.borrow_mut().wrong += 1;
            self.tally.borrow_mut().asked += 1;
        }
        sleep(Duration::from_millis(self.dice.below(50))).await;
        self.tally.borrow_mut().vanished += 1;
        Ok(())
    }

    /// A body in pieces, with pauses, and in some cases without an end.
    async fn slow_body(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        let stalls = self.dice.below(3) == 0;
        let body = vec![b'x'; 1000];
        let refusals: &[u16] = if stalls { &[408] } else { &[] };
        let (method, path) = ("POST", "/echo".to_owned());
        let plan = Plan { method, path, expected: body.clone(), refusals, body };
        connection.send("POST /echo HTTP/1.1\r\nhost: soak\r\ncontent-length: 1000\r\n\r\n").await;
        for piece in plan.body.chunks(100).take(if stalls { 5 } else { 10 }) {
            sleep(Duration::from_millis(self.dice.below(20))).await;
            connection.send(piece).await;
        }
        self.receive(&plan, &mut connection).await;
        Ok(())
    }

    /// A request, whole or not, whose client is gone before the response or in the middle of it.
    async fn vanish(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        let bytes = Plan::random(&mut self.dice).bytes(&mut self.dice);
        let part = usize::try_from(self.dice.below(2 * bytes.len() as u64)).unwrap_or_default();
        connection.send(&bytes[..part.min(bytes.len())]).await;
        match self.dice.below(3) {
            0 => {}
            1 => sleep(Duration::from_millis(self.dice.below(5))).await,
            _ => {
                let mut some = [0; 100];
                let read = connection.stream.read(&mut some);
                let _ = timeout(Duration::from_millis(50), read).await;
            }
        }
        self.tally.borrow_mut().vanished += 1;
        Ok(())
    }

    /// A connection that becomes an echo, for some bytes both ways, and in some cases vanishes.
    async fn upgrade(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        let head =
            "GET /upgrade HTTP/1.1\r\nhost: soak\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        connection.send(head).await;
        let accepted = connection.response().await.is_ok_and(|response| response.status == 101);
        if !accepted || self.dice.below(4) == 0 {
            let mut tally = self.tally.borrow_mut();
            tally.asked += 1;
            if accepted {
                tally.answered += 1;
                tally.vanished += 1;
            } else {
                tally.lost += 1;
            }
            return Ok(());
        }
        let length = usize::try_from(self.dice.below(1 << 20)).unwrap_or_default();
        let bytes: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
        let (mut read, mut write) = connection.stream.split();
        let sends = async {
            write.write_all(&bytes).await?;
            write.shutdown().await
        };
        let mut received = Vec::new();
        let outcome = tokio::join!(sends, read.read_to_end(&mut received));
        let mut tally = self.tally.borrow_mut();
        tally.asked += 1;
        match outcome {
            (Ok(()), Ok(_)) if received == bytes => {
                tally.answered += 1;
                tally.upgraded += 1;
            }
            _ => tally.lost += 1,
        }
        Ok(())
    }

    /// Connections, many at once, that bring nothing, or nothing of HTTP.
    async fn flood(&mut self) -> io::Result<()> {
        let what: &[u8] = match self.dice.below(4) {
            0 => b"",
            1 => b"nonsense\r\n\r\n",
            2 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        };
        let mut flood = Vec::new();
        for _ in 0..self.dice.below(200) {
            let mut connection = Connection::open(self.server).await?;
            connection.send(what).await;
            flood.push(connection);
        }
        self.tally.borrow_mut().vanished += flood.len();
        Ok(())
    }

    /// A large response that is read late, and in some cases not to its end.
    async fn slow_reader(&mut self) -> io::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        connection.send("GET /large HTTP/1.1\r\nhost: soak\r\n\r\n").await;
        sleep(Duration::from_millis(self.dice.below(200))).await;
        if self.dice.below(2) == 0 {
            let _ = connection.stream.read(&mut [0; 10_000]).await;
            self.tally.borrow_mut().vanished += 1;
            return Ok(());
        }
        let (method, path, body) = ("GET", "/large".to_owned(), Vec::new());
        let plan = Plan { method, path, body, refusals: &[], expected: vec![b'x'; LARGE] };
        self.receive(&plan, &mut connection).await;
        Ok(())
    }

    /// Waits for the response, enters it, and returns whether the connection can be used again.
    async fn receive(&mut self, plan: &Plan, connection: &mut Connection) -> bool {
        match connection.response().await {
            Ok(Response { status, body, closes }) => {
                plan.enter(&mut self.tally.borrow_mut(), status, &body);
                !closes
            }
            Err(error) => {
                let mut tally = self.tally.borrow_mut();
                tally.asked += 1;
                match error.kind() {
                    io::ErrorKind::InvalidData => tally.wrong += 1,
                    _ => tally.lost += 1,
                }
                false
            }
        }
    }
}
