//! What goes to a worker process, and what comes back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use unblock_runtime::processes::init_in_test;
use unblock_runtime::{Error, job, unblock};

use crate::support::{Failure, add, build, builder, echo, panic, pool, process_id, wait};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
    #[serde(flatten)]
    more: BTreeMap<String, u32>,
}

#[unblock(remote, pool = pool())]
fn describe(
    text: &str,
    bytes: &[u8],
    numbers: &[u32],
    path: &Path,
    order: &Order,
    (a, b): (u8, Option<char>),
) -> Result<(String, PathBuf, Order), Error> {
    let text = format!("{text} {bytes:?} {numbers:?} {a} {b:?}");
    Ok((text, path.to_owned(), order.clone()))
}

#[test]
fn arguments_and_values_of_every_shape_go_there_and_back() {
    init_in_test();
    build(builder());
    let more = BTreeMap::from([("weight".to_owned(), 7)]);
    let order = Order { id: 3, note: None, more };
    let path = Path::new("/a/b");
    let answer = wait(describe("é", &[1, 255], &[7, 8], path, &order, (9, Some('x')))).unwrap();
    assert_eq!(answer.0, "é [1, 255] [7, 8] 9 Some('x')");
    assert_eq!((answer.1.as_path(), answer.2), (path, order));
}

#[test]
fn a_job_runs_in_another_process_and_its_error_comes_back() {
    init_in_test();
    build(builder());
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
    assert_ne!(wait(process_id()).unwrap(), std::process::id());
    let panicked = wait(panic("a text")).unwrap_err();
    assert!(matches!(&panicked, Error::Panicked(panicked) if panicked.message() == Some("a text")));
    assert!(wait(fail()).unwrap_err().to_string().contains("closed"));
}

#[unblock(remote, pool = pool())]
fn fail() -> Result<(), Error> {
    Err(Error::Closed)
}

#[test]
fn large_messages_go_there_and_back() {
    init_in_test();
    build(builder());
    for size in [0, 1, 16 << 10, (1 << 20) + 1, 20 << 20] {
        let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
        assert!(wait(echo(bytes.clone())).unwrap() == bytes, "{size} bytes");
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_and_the_next_one_served() {
    init_in_test();
    let pool = build(builder().message_limit(100_000));
    let there = wait(echo(vec![7; 100_000])).unwrap_err();
    let text = "Unportable(Unportable { reason: \"the arguments have 100005 bytes, and the limit is \
                100000\" })";
    assert_eq!(format!("{there:?}"), text);
    let back = wait(make(100_000)).unwrap_err();
    assert!(format!("{back:?}").contains("the value has 100006 bytes"), "{back:?}");
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
    assert_eq!(pool.process_counts().started, 1);
    assert_eq!(pool.stats().failed, 2);
}

#[unblock(remote, pool = pool())]
fn make(bytes: usize) -> Result<Vec<u8>, Error> {
    Ok(vec![7; bytes])
}

#[derive(Debug, Clone, Copy)]
struct Awkward;

impl Serialize for Awkward {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it is awkward"))
    }
}

impl<'de> Deserialize<'de> for Awkward {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|_| Self)
    }
}

#[unblock(remote, pool = pool())]
fn take_awkward(value: Awkward) -> Result<(), Error> {
    let Awkward = value;
    Ok(())
}

#[unblock(remote, pool = pool())]
fn give_awkward() -> Result<Awkward, Error> {
    Ok(Awkward)
}

#[test]
fn a_value_that_serde_refuses_is_an_error_with_the_name_of_the_argument() {
    init_in_test();
    build(builder());
    let there = format!("{:?}", wait(take_awkward(Awkward)).unwrap_err());
    assert!(there.contains("`value` of `take_awkward` has no form"), "{there}");
    let back = format!("{:?}", wait(give_awkward()).unwrap_err());
    assert!(back.contains("the value has no form that can be sent: it is awkward"), "{back}");
    assert_eq!(wait(add(2, 3)).unwrap(), 5);
}

#[unblock(remote, pool = pool(), timeout = "1h", name = "the job")]
fn ask() -> Result<(Option<String>, bool, bool), Failure> {
    use std::io::Read as _;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    assert_eq!(input, "", "standard input is empty");
    Ok((job::name().map(str::to_owned), job::deadline().is_some(), job::is_cancelled()))
}

#[test]
fn a_job_knows_its_name_and_deadline_and_standard_input_is_empty() {
    init_in_test();
    build(builder());
    assert_eq!(wait(ask()).unwrap(), (Some("the job".to_owned()), true, false));
}

#[test]
fn with_a_pool_of_threads_the_function_runs_here() {
    use std::sync::LazyLock;
    static THREADS: LazyLock<unblock_runtime::Pool> =
        LazyLock::new(|| unblock_runtime::Pool::builder().build().unwrap());
    #[unblock(remote, pool = THREADS)]
    fn here(text: &str) -> Result<(String, u32), Error> {
        Ok((text.to_owned(), std::process::id()))
    }
    assert_eq!(wait(here("a")).unwrap(), ("a".to_owned(), std::process::id()));
}
