//! What Prometheus reads, and the dashboard of Grafana that shows it.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use hyper::Method;
use prometheus_parse::{Sample, Scrape, Value};

use crate::client::Client;
use crate::demo::Demo;

/// Returns the metrics of a demo that has served some requests.
fn metrics() -> String {
    let demo = Demo::start(&[]);
    let client = Client::new(demo.address);
    for path in ["/spin/1000", "/spin/2000", "/sleep/0.01", "/notes", "/on-the-loop/sleep/0.1"] {
        assert_eq!(client.get(path).status, 200);
    }
    assert_eq!(client.begin(Method::POST, "/hash", "a password".into()).wait().status, 200);
    client.get("/metrics").told().1.to_owned()
}

fn parse(text: &str) -> Scrape {
    Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).expect("the text format")
}

#[track_caller]
fn sample<'a>(scrape: &'a Scrape, metric: &str, labels: &[(&str, &str)]) -> &'a Sample {
    let has = |sample: &&Sample| {
        let is = |&(name, value): &(_, _)| sample.labels.get(name) == Some(value);
        sample.metric == metric && labels.iter().all(is)
    };
    scrape.samples.iter().find(has).unwrap_or_else(|| panic!("no {metric} with {labels:?}"))
}

#[test]
fn metrics_count_the_jobs_of_each_function_and_how_long_they_took() {
    let scrape = parse(&metrics());
    let spin = [("pool", "unblock"), ("function", "routes::spin"), ("outcome", "completed")];
    assert_eq!(sample(&scrape, "unblock_jobs_total", &spin).value, Value::Counter(2.0));
    let submitted = sample(&scrape, "unblock_jobs_submitted_total", &spin[..2]);
    assert_eq!(submitted.value, Value::Counter(2.0));
    assert_eq!(sample(&scrape, "unblock_jobs_running", &spin[..2]).value, Value::Gauge(0.0));
    for metric in ["unblock_job_run_seconds", "unblock_job_wait_seconds"] {
        let Value::Histogram(buckets) = &sample(&scrape, metric, &spin[..2]).value else {
            panic!("{metric} is no histogram")
        };
        assert!(buckets.windows(2).all(|pair| pair[0].count <= pair[1].count), "{buckets:?}");
        let last = buckets.last().expect("buckets");
        assert_eq!((last.less_than, last.count), (f64::INFINITY, 2.0));
        let count = sample(&scrape, &format!("{metric}_count"), &spin[..2]);
        assert_eq!(count.value, Value::Untyped(2.0));
    }
    let Value::Histogram(run) = &sample(&scrape, "unblock_job_run_seconds", &spin[..2]).value
    else {
        panic!("no histogram")
    };
    let below_a_millisecond = run.iter().rfind(|bucket| bucket.less_than < 0.001).unwrap();
    assert!(below_a_millisecond.count < 0.5, "a job of a millisecond took less");
}

#[test]
fn metrics_name_the_route_that_held_its_loop() {
    let scrape = parse(&metrics());
    let route = [("route", "GET /on-the-loop/sleep/0.1")];
    assert_eq!(sample(&scrape, "unblock_long_polls_total", &route).value, Value::Counter(1.0));
    for metric in ["unblock_loop_lag_seconds", "unblock_loop_lag_seconds_max"] {
        assert!(matches!(sample(&scrape, metric, &[("loop", "0")]).value, Value::Gauge(_)));
    }
    let busy = &sample(&scrape, "unblock_loop_busy_seconds_total", &[("loop", "0")]).value;
    assert!(matches!(busy, Value::Counter(_)), "{busy:?}");
}

#[test]
fn promtool_accepts_the_metrics() {
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        println!("skipped: promtool is not installed");
        return;
    };
    promtool.stdin.take().unwrap().write_all(metrics().as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && said.iter().all(String::is_empty), "{said:?}");
}

/// Returns the words of a query that begin as the project's metrics do.
fn names(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("unblock_"))
}

#[test]
fn each_query_of_the_grafana_dashboard_names_a_metric_that_exists() {
    let metrics = metrics();
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    let exist: BTreeSet<_> = lines.flat_map(|line| names(line).take(1)).collect();
    let dashboard = include_str!("../../grafana.json");
    let queries = dashboard.lines().filter(|line| line.contains("\"expr\""));
    let asked: BTreeSet<_> = queries.flat_map(names).collect();
    assert!(asked.len() > 8, "{asked:?}");
    let missing: Vec<_> = asked.difference(&exist).collect();
    assert!(missing.is_empty(), "{missing:?} of {exist:?}");
}
