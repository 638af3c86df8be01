//! The options that limit what a client may use.

use std::time::Duration;

use clap::Args;
use unblock_runtime::server::Limits;

// These comments are also what `--help` prints. The defaults are the library's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits on what a client may use")]
pub(crate) struct LimitOptions {
    /// Open connections of one process; more of them wait
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_connections: usize,

    /// Requests on one connection; the last response closes it
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_requests: u64,

    /// Open requests on one HTTP/2 connection
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_streams: u32,

    /// Bytes in the head of a request; beyond it, 431
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 10)]
    max_header_size: usize,

    /// Bytes in the body of a request; beyond it, 413
    #[arg(long, value_name = "BYTES", default_value_t = 10 << 20)]
    max_body_size: u64,

    /// Time that a connection is kept open between two requests
    #[arg(long, value_name = "SECONDS", default_value = "75", value_parser = seconds)]
    idle_timeout: Duration,

    /// Time for the head of a request; then the connection is closed
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    header_timeout: Duration,

    /// Time for the body of a request, which --min-body-rate extends; beyond it, 408
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    body_timeout: Duration,

    /// Bytes of a body that extend its time by one second
    #[arg(long, value_name = "BYTES", default_value_t = 500)]
    min_body_rate: u64,

    /// Time for which a client may accept no bytes of a response; then the connection is closed
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    write_timeout: Duration,
}

impl LimitOptions {
    pub(crate) fn limits(&self) -> Limits {
        Limits::new()
            .connections(self.max_connections)
            .requests(self.max_requests)
            .streams(self.max_streams)
            .header_size(self.max_header_size)
            .body_size(self.max_body_size)
            .idle(self.idle_timeout)
            .header_read(self.header_timeout)
            .body_read(self.body_timeout, self.min_body_rate)
            .response_write(self.write_timeout)
    }
}

/// Parses a decimal number of seconds.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a decimal number")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        limits: LimitOptions,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let defaults = Program::parse_from(["demo-server"]).limits.limits();
        assert_eq!(format!("{defaults:?}"), format!("{:?}", Limits::new()));
    }
}
