//! An example as a process, and its client.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ureq::Agent;

/// No test waits longer than this: it is what tells a hang from a slow machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// A running example, which ends with this value.
pub(crate) struct Server {
    process: Child,
    _stdout: BufReader<ChildStdout>,
    url: String,
    agent: Agent,
}

impl Server {
    /// Starts a program on a free port, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(program: &str, more: &[&str]) -> Self {
        let mut process = Command::new(program)
            .arg("127.0.0.1:0")
            .args(more)
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built");
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line of text");
        let url = line.trim_end().strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("{program} says {line:?}")).to_owned();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(DEADLINE))
            .build()
            .new_agent();
        Self { process, _stdout: stdout, url, agent }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request and waits for the response.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        get(&self.agent, &self.url, path)
    }

    /// Sends a body and waits for the response.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &str) -> Response {
        post(&self.agent, &self.url, path, body)
    }

    /// Sends a request on a connection of its own; the response comes when it comes.
    pub(crate) fn begin_get(&self, path: &'static str) -> JoinHandle<Response> {
        let (agent, url) = (self.agent.clone(), self.url.clone());
        thread::spawn(move || get(&agent, &url, path))
    }

    /// Sends a body on a connection of its own; the response comes when it comes.
    pub(crate) fn begin_post(
        &self,
        path: &'static str,
        body: &'static str,
    ) -> JoinHandle<Response> {
        let (agent, url) = (self.agent.clone(), self.url.clone());
        thread::spawn(move || post(&agent, &url, path, body))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().expect("it is this process's child");
        self.process.wait().expect("it was killed");
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Response {
    /// The status and the text, without a line break at its end.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status, self.text.trim_end())
    }
}

fn get(agent: &Agent, url: &str, path: &str) -> Response {
    whole(agent.get(format!("{url}{path}")).call().expect("a response"))
}

fn post(agent: &Agent, url: &str, path: &str, body: &str) -> Response {
    whole(agent.post(format!("{url}{path}")).send(body).expect("a response"))
}

fn whole(mut response: ureq::http::Response<ureq::Body>) -> Response {
    let retry_after = response.headers().get("retry-after");
    Response {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|seconds| seconds.to_str().expect("digits").to_owned()),
        text: response.body_mut().read_to_string().expect("a body of text"),
    }
}

/// Waits until `condition` holds; for what can only be observed.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "not seen within {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}
