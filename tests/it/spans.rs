//! Spans of jobs: what a subscriber and an OpenTelemetry exporter see of a request whose work runs
//! elsewhere.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};
use unblock_runtime::{Error, Pool};

use crate::support::{Gate, eventually, hold, in_child, single};

/// Set in the child process of a test. A subscriber for all threads is for a process of its own.
const ALONE: &str = "UNBLOCK_TEST_SPANS";

/// What a subscriber was told.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Everything>>);

#[derive(Default)]
struct Everything {
    /// The spans that are closed, with their fields, and the name of each one's parent.
    closed: Vec<(&'static str, Fields)>,
    /// The events, with the names of the spans around them, from the inside.
    events: Vec<(Fields, Vec<&'static str>)>,
}

type Fields = BTreeMap<&'static str, String>;

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut fields = Fields::new();
        attributes.record(&mut Reader(&mut fields));
        let parent = span.parent().map_or("none", |parent| parent.name());
        fields.insert("parent", parent.to_owned());
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(&mut Reader(span.extensions_mut().get_mut::<Fields>().unwrap()));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions().get::<Fields>().unwrap().clone();
        self.0.lock().unwrap().closed.push((span.name(), fields));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        let around = context.event_scope(event).into_iter().flatten();
        let around = around.map(|span| span.name()).collect();
        self.0.lock().unwrap().events.push((fields, around));
    }
}

impl Seen {
    /// Waits until the span of a job of this function is closed. Returns its fields.
    fn job(&self, function: &str) -> Fields {
        let find = || {
            let seen = self.0.lock().unwrap();
            let is = |(name, fields): &&(&str, Fields)| {
                *name == "job" && fields.get("function").is_some_and(|found| found == function)
            };
            seen.closed.iter().find(is).map(|(_, fields)| fields.clone())
        };
        eventually("the span of the job is closed", || find().is_some());
        find().unwrap()
    }

    /// Returns the spans around the event with this message.
    fn around(&self, message: &str) -> Vec<&'static str> {
        let seen = self.0.lock().unwrap();
        let is = |(fields, _): &&(Fields, _)| fields["message"].starts_with(message);
        let found = seen.events.iter().find(is);
        found.unwrap_or_else(|| panic!("no event `{message}`")).1.clone()
    }
}

#[test]
fn a_job_has_a_span_within_its_callers() {
    if std::env::var_os(ALONE).is_none() {
        return in_child("spans::a_job_has_a_span_within_its_callers", ALONE);
    }
    let seen = Seen::default();
    tracing_subscriber::registry().with(seen.clone()).init();
    let pool = single(8);
    let request = tracing::info_span!("request");
    let value = request.in_scope(|| pool.job("value").submit(|| tracing::info!("within")));
    value.wait().unwrap();
    let value = seen.job("value");
    assert_eq!(value["parent"], "request");
    assert_eq!((&*value["outcome"], &*value["pool"]), ("completed", &*pool.stats().name));
    assert!(value.contains_key("wait") && value.contains_key("run"), "{value:?}");
    assert_eq!(seen.around("within"), ["job", "request"]);

    pool.job("panic").submit(|| panic!("expected")).wait().unwrap_err();
    let panic = seen.job("panic");
    assert_eq!((&*panic["outcome"], &*panic["parent"]), ("panicked", "none"));

    let held = hold(&pool);
    drop(pool.job("dropped").submit(|| ()));
    assert_eq!(seen.job("dropped")["outcome"], "cancelled");
    let late = pool.job("late").timeout(Duration::ZERO).submit(|| ());
    assert!(matches!(late.wait(), Err(Error::TimedOut)));
    assert_eq!(seen.job("late")["outcome"], "timed_out");
    held.release();

    let gate = Gate::new();
    let (begun, begins) = std::sync::mpsc::channel();
    let runs_on = pool.job("runs on").timeout(Duration::from_secs(1)).submit({
        let gate = gate.clone();
        move || {
            begun.send(()).unwrap();
            gate.wait();
        }
    });
    begins.recv().unwrap();
    assert!(matches!(runs_on.wait(), Err(Error::TimedOut)));
    assert!(seen.around("the deadline passed while the job ran").is_empty());
    gate.open();
    assert_eq!(seen.job("runs on")["outcome"], "completed");

    pool.shutdown_blocking(Duration::from_secs(10));
    assert!(matches!(pool.job("refused").submit(|| ()).wait(), Err(Error::Closed)));
    assert_eq!(seen.job("refused")["outcome"], "rejected");
    assert_eq!(seen.around("a job was refused"), ["job"]);
}

/// A user may want his own spans only.
#[test]
fn the_callers_span_is_around_the_job_where_nobody_wants_the_jobs_own() {
    if std::env::var_os(ALONE).is_none() {
        let name = "spans::the_callers_span_is_around_the_job_where_nobody_wants_the_jobs_own";
        return in_child(name, ALONE);
    }
    let seen = Seen::default();
    let filter = EnvFilter::new("info,unblock_runtime=off");
    tracing_subscriber::registry().with(seen.clone()).with(filter).init();
    let request = tracing::info_span!("request");
    request.in_scope(|| Pool::global().submit(|| tracing::info!("within"))).wait().unwrap();
    assert_eq!(seen.around("within"), ["request"]);
}

#[test]
fn a_trace_of_opentelemetry_goes_through_the_pool() {
    if std::env::var_os(ALONE).is_none() {
        return in_child("spans::a_trace_of_opentelemetry_goes_through_the_pool", ALONE);
    }
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing_subscriber::registry().with(layer).init();
    let request = tracing::info_span!("request");
    let query = request.in_scope(|| {
        Pool::global().job("query").submit(|| tracing::info_span!("statement").in_scope(|| ()))
    });
    query.wait().unwrap();
    drop(request);
    let spans = || exporter.get_finished_spans().unwrap();
    eventually("three spans are exported", || spans().len() == 3);
    let spans = spans();
    let find = |name: &str| spans.iter().find(|span| span.name == name).expect("the span");
    let (request, query, statement) = (find("request"), find("query"), find("statement"));
    assert_eq!(query.parent_span_id, request.span_context.span_id());
    assert_eq!(statement.parent_span_id, query.span_context.span_id());
    assert!(
        spans
            .iter()
            .all(|span| { span.span_context.trace_id() == request.span_context.trace_id() })
    );
}
