// Bodies whose output would show it if the attribute changed what they mean. Each function of this
// file gives the same text with `#[unblock]` and as a plain `async fn`.

use std::fmt::{self, Debug, Display, Write as _};
use std::panic::{catch_unwind, AssertUnwindSafe, Location};
use std::sync::{Arc, Mutex};

/// Collects what happens, in its order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Display) {
        self.0.lock().unwrap().push(line.to_string());
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join(", ")
    }

    fn noisy(&self, name: &'static str) -> Noisy {
        Noisy(name, self.clone())
    }
}

/// Logs when it is dropped.
pub(crate) struct Noisy(&'static str, Log);

impl Drop for Noisy {
    fn drop(&mut self) {
        self.1.add(self.0);
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thing {
    n: u64,
    ok: bool,
}

const THING: Thing = Thing { n: 7, ok: false };

impl Display for Thing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "thing {}", self.n)
    }
}

fn panic_text(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&'static str>().unwrap()).to_owned(),
    }
}

macro_rules! shown {
    ($($tokens:tt)*) => { stringify!($($tokens)*) };
}

macro_rules! keep {
    (use $value:ident as $($shown:tt)*) => { format!("{:?} {}", $value, stringify!($($shown)*)) };
}

macro_rules! methods {
    ($name:ident { $($items:tt)* }) => { impl $name { $($items)* } };
}

macro_rules! field {
    ($this:expr, $name:ident) => { $this.$name };
}

#[track_caller]
fn caller() -> String {
    let location = Location::caller();
    format!("{}:{}:{}", location.file(), location.line(), location.column())
}

impl Thing {
    #[unblock]
    fn stringified(&self) -> String {
        let parts = (stringify!(self.n), stringify!(self), stringify!(Self::new(self)));
        format!("{:?}", parts)
    }

    #[unblock]
    fn asserted(&self) -> String {
        panic_text(|| assert!(self.ok))
    }

    #[unblock]
    fn asserted_with_message(&self) -> String {
        panic_text(|| assert!(self.ok, "{} {self}", self.n))
    }

    #[unblock]
    fn asserted_equal(&self) -> String {
        panic_text(|| assert_eq!(self.n, 8, "of {self:?}"))
    }

    #[unblock]
    fn formatted(&self) -> String {
        format!("{self} {self:?} {{self}} {0} {1}", self.n, "{self}")
    }

    #[unblock]
    fn literal_to_unknown_macro(&self) -> String {
        format!("{} {}", shown!("/u/{self}" self.n), self.n)
    }

    #[unblock]
    fn own_variable_of_any_name(&self) -> String {
        let __self = Thing { n: 100, ok: true };
        let __handler = 1;
        let __reentry = 2;
        let __body = 3;
        format!("{} {} {}", self.n, __self.n, __handler + __reentry + __body)
    }

    #[unblock]
    fn use_in_macro(&self) -> String {
        let me = self.n;
        keep!(use me as self.n)
    }

    #[unblock]
    fn methods_in_macro(&self) -> String {
        struct Inner(u8);
        methods!(Inner { fn get(&self) -> u8 { self.0 } });
        format!("{} {}", Inner(1).get(), self.n)
    }

    #[unblock]
    fn macro_with_path(&self) -> String {
        format!("{} {}", shown!(pub (self.n) svg { use href=(self.icon) {} }), field!(self, n))
    }

    #[unblock]
    fn nested_items(&self) -> String {
        struct Inner(u8);
        trait Get {
            fn get(&self) -> u8;
        }
        impl Get for Inner {
            fn get(&self) -> u8 {
                self.0
            }
        }
        fn helper(inner: &Inner) -> u8 {
            inner.get()
        }
        format!("{} {}", helper(&Inner(3)), self.n)
    }

    #[unblock]
    fn closures(&self) -> String {
        let shout = |text: &str| format!("{}{}", text, self.n);
        let nested = || [1, 2].iter().map(|n| n + self.n).sum::<u64>();
        format!("{} {}", shout("a"), nested())
    }

    #[unblock]
    fn self_types(&self) -> String {
        let other = Self { n: 1, ..self.clone() };
        format!("{} {}", std::mem::size_of_val(&other) == std::mem::size_of::<Self>(), other == *self)
    }

    #[unblock]
    fn calls_its_methods(&self) -> String {
        format!("{} {}", self.plain(), Self::associated())
    }

    fn plain(&self) -> u64 {
        self.n
    }

    fn associated() -> u64 {
        8
    }

    #[unblock]
    fn by_value(self) -> String {
        panic_text(|| assert!(self.ok)) + stringify!(self.ok)
    }

    #[unblock]
    fn by_mutable_value(mut self) -> String {
        self.n += 1;
        format!("{self} {}", stringify!(self.n))
    }

    #[unblock]
    fn by_arc(self: Arc<Self>) -> String {
        format!("{self} {} {}", self.n, Arc::strong_count(&self))
    }

    #[unblock]
    fn by_borrowed_arc(self: &Arc<Self>) -> String {
        panic_text(|| assert!(self.ok, "{self} {}", self.n))
    }

    #[unblock]
    fn by_box(self: Box<Self>) -> String {
        let thing = *self;
        format!("{thing}")
    }

    #[unblock]
    fn debugged(&self) -> String {
        // `dbg!` writes to the error stream and gives the value.
        let n = dbg!(self.n) + 1;
        n.to_string()
    }

    #[unblock]
    fn early_return(&self, early: bool) -> String {
        if early {
            return format!("early {}", self.n);
        }
        let text: Result<String, fmt::Error> = (|| {
            let mut text = String::new();
            write!(text, "late {}", self.n)?;
            Ok(text)
        })();
        text.unwrap()
    }

    #[unblock]
    fn generic<T: Debug + Clone + Send + 'static, const N: usize>(&self, all: [T; N]) -> String {
        format!("{:?} {} {}", all, N, self.n)
    }

    #[unblock]
    fn anonymous_generic(&self, then: impl FnOnce(u64) -> u64 + Send + 'static) -> String {
        then(self.n).to_string()
    }

    #[unblock]
    fn borrowed(&self, text: &str, all: &[u64], thing: &Thing) -> String {
        format!("{text} {all:?} {thing} {}", self.n)
    }

    #[unblock]
    fn named_lifetime<'a>(&'a self, text: &'a str) -> String {
        let longest: &'a str = if text.len() > 3 { text } else { "none" };
        let me: &'a Thing = self;
        format!("{longest} {me}")
    }
}

trait Named: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    type Item: Default + Debug + Send + 'static;

    fn number(&self) -> u64;

    #[unblock]
    fn provided(&self, more: u64) -> String {
        panic_text(|| assert!(self.number() == 0, "{} {}", Self::NAME, self.number() + more))
    }

    async fn required(&self) -> String;

    async fn item(&self) -> Self::Item;
}

impl Named for Thing {
    const NAME: &'static str = "thing";
    type Item = u8;

    fn number(&self) -> u64 {
        self.n
    }

    #[unblock]
    fn required(&self) -> String {
        panic_text(|| assert!(self.ok)) + Self::NAME
    }

    #[unblock]
    fn item(&self) -> Self::Item {
        Self::Item::default() + self.n as u8
    }
}

#[derive(Clone)]
struct Table<T>(Vec<T>);

impl<T> Table<T>
where
    T: Clone + Debug + Send + Sync + 'static,
{
    #[unblock]
    fn row(&self, at: usize) -> String {
        format!("{:?} {}", self.0[at], stringify!(self.0[at]))
    }

    #[unblock]
    fn made(row: T) -> Table<T> {
        Table(vec![row])
    }
}

#[unblock]
fn drop_order_of_arguments(a: Noisy, _b: Noisy, _: Noisy, (c, _): (Noisy, u8), log: Log) {
    let _local = log.noisy("local");
    let _ = &c;
    drop(a);
    log.add("end");
}

#[unblock]
fn drop_order_of_tail(log: Log, cell: Mutex<u8>) -> u8 {
    struct Finish(Log);
    impl Drop for Finish {
        fn drop(&mut self) {
            self.0.add("finish");
        }
    }
    struct Temporary(Log, u8);
    impl Temporary {
        fn get(&self) -> u8 {
            self.1
        }
    }
    impl Drop for Temporary {
        fn drop(&mut self) {
            self.0.add("temporary");
        }
    }
    let _finish = Finish(log.clone());
    let value = *cell.lock().unwrap();
    Temporary(log.clone(), value).get()
}

#[unblock]
fn moved_out_in_a_branch(first: Noisy, second: Noisy, log: Log, take: bool) {
    if take {
        let _taken = first;
        log.add("taken");
    }
    let _ = &second;
    log.add("end");
}

#[unblock]
fn temporary_in_the_tail(cell: Mutex<u64>) -> u64 {
    *cell.lock().unwrap()
}

#[unblock]
fn patterns((a, mut b): (u64, u64), [c, .., d]: [u64; 3], &e: &u64, whole @ (f, _): (u64, u8)) -> String {
    b += 1;
    format!("{a} {b} {c} {d} {e} {f} {:?}", whole)
}

#[unblock]
fn reference_patterns(ref mut a: u64, (ref mut b, ref c): (u64, String), ref d: String) -> String {
    *a += 1;
    *b += 1;
    format!("{a} {b} {c} {d}")
}

#[unblock]
fn odd_names(__self: u64, __pool: u64, __job: u64, __unblock: u64, __outcome: u64) -> String {
    format!("{__self} {__pool} {__job} {__unblock} {__outcome}")
}

#[unblock]
fn lines_and_columns(_x: u8) -> String {
    format!("{} {} {}", line!(), column!(), caller())
}

#[unblock]
fn shadowed(text: &str) -> String {
    let text = text.len();
    let text = text + 1;
    text.to_string()
}

#[unblock]
fn loops_and_labels(n: u64) -> String {
    let mut sum = 0;
    'outer: for i in 0..n {
        for j in 0..n {
            if j == 2 {
                continue 'outer;
            }
            if i == 3 {
                break 'outer;
            }
            sum += i * j + 1;
        }
    }
    let found = loop {
        sum += 1;
        if sum % 5 == 0 {
            break sum;
        }
    };
    format!("{sum} {found}")
}

#[unblock]
fn opaque_closure() -> impl Fn(&str) -> usize + Send {
    |text| text.len()
}

#[unblock]
fn opaque_higher_ranked_closure() -> impl for<'a> Fn(&'a str) -> &'a str + Send {
    |text| text
}

#[unblock]
fn opaque_iterator(text: String) -> impl Iterator<Item = char> + Send {
    text.chars().rev().collect::<Vec<_>>().into_iter()
}

#[unblock]
fn opaque_in_a_result(text: String) -> Result<impl Iterator<Item = char> + Send, fmt::Error> {
    if text.is_empty() {
        return Err(fmt::Error);
    }
    Ok(text.chars().collect::<Vec<_>>().into_iter())
}

#[unblock]
fn opaque_boxed() -> Box<dyn Fn(&str) -> usize + Send> {
    Box::new(|text| text.len() + 1)
}

#[unblock]
fn question_marks(text: &str) -> Result<u8, std::num::ParseIntError> {
    let n: u8 = text.parse()?;
    Ok(n + 1)
}

#[unblock]
fn inner_attributes(n: u8) -> u8 {
    #![allow(clippy::needless_return)]
    return n;
}

#[unblock]
fn conditional(#[cfg(any())] missing: Missing, #[cfg(all())] there: u8) -> u8 {
    there
}

#[unblock]
fn recursion_of_an_inner_function(n: u64) -> u64 {
    fn recursion_of_an_inner_function(n: u64) -> u64 {
        if n == 0 { 0 } else { n + recursion_of_an_inner_function(n - 1) }
    }
    recursion_of_an_inner_function(n)
}

#[unblock]
fn panics_with(text: &str) -> String {
    panic!("{}!", text)
}

pub(crate) async fn stringify_shows_self() -> String {
    THING.stringified().await
}

pub(crate) async fn assert_shows_self() -> String {
    THING.asserted().await
}

pub(crate) async fn assert_with_a_message_shows_self() -> String {
    THING.asserted_with_message().await
}

pub(crate) async fn assert_eq_shows_self() -> String {
    THING.asserted_equal().await
}

pub(crate) async fn format_strings_name_self() -> String {
    THING.formatted().await
}

pub(crate) async fn a_literal_with_self_stays() -> String {
    THING.literal_to_unknown_macro().await
}

pub(crate) async fn no_name_of_a_variable_is_taken() -> String {
    THING.own_variable_of_any_name().await
}

pub(crate) async fn the_word_use_in_a_macro_is_no_import() -> String {
    THING.use_in_macro().await
}

pub(crate) async fn a_macro_may_write_methods() -> String {
    THING.methods_in_macro().await
}

pub(crate) async fn macros_get_the_tokens_that_were_written() -> String {
    THING.macro_with_path().await
}

pub(crate) async fn items_in_the_body_have_their_own_self() -> String {
    THING.nested_items().await
}

pub(crate) async fn closures_in_the_body_see_self() -> String {
    THING.closures().await
}

pub(crate) async fn the_type_self_is_the_same() -> String {
    THING.self_types().await
}

pub(crate) async fn methods_are_called_on_self() -> String {
    THING.calls_its_methods().await
}

pub(crate) async fn self_by_value() -> String {
    THING.by_value().await
}

pub(crate) async fn self_by_mutable_value() -> String {
    THING.by_mutable_value().await
}

pub(crate) async fn self_in_an_arc() -> String {
    Arc::new(THING).by_arc().await
}

pub(crate) async fn self_by_a_reference_to_an_arc() -> String {
    Arc::new(THING).by_borrowed_arc().await
}

pub(crate) async fn self_in_a_box() -> String {
    Box::new(THING).by_box().await
}

pub(crate) async fn dbg_gives_the_value() -> String {
    THING.debugged().await
}

pub(crate) async fn a_body_returns_early() -> String {
    THING.early_return(true).await + &THING.early_return(false).await
}

pub(crate) async fn generics_and_constants() -> String {
    THING.generic(["a", "b"]).await
}

pub(crate) async fn impl_trait_as_an_argument() -> String {
    THING.anonymous_generic(|n| n * 2).await
}

pub(crate) async fn borrowed_arguments() -> String {
    THING.borrowed("text", &[1, 2], &THING).await
}

pub(crate) async fn a_body_names_a_lifetime() -> String {
    THING.named_lifetime(&String::from("long")).await
}

pub(crate) async fn a_provided_method() -> String {
    THING.provided(3).await
}

pub(crate) async fn a_method_of_a_trait() -> String {
    THING.required().await
}

pub(crate) async fn an_associated_type_as_the_result() -> String {
    THING.item().await.to_string()
}

pub(crate) async fn a_generic_type() -> String {
    Table::made('x').await.row(0).await
}

pub(crate) async fn arguments_are_dropped_in_their_order() -> String {
    let log = Log::default();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| log.noisy(name));
    drop_order_of_arguments(a, b, c, (d, 1), log.clone()).await;
    log.text()
}

pub(crate) async fn temporaries_of_the_tail_are_dropped_as_the_edition_says() -> String {
    let log = Log::default();
    let value = drop_order_of_tail(log.clone(), Mutex::new(1)).await;
    format!("{} {value}", log.text())
}

pub(crate) async fn an_argument_that_is_moved_in_a_branch() -> String {
    let mut text = String::new();
    for take in [true, false] {
        let log = Log::default();
        let (first, second) = (log.noisy("first"), log.noisy("second"));
        moved_out_in_a_branch(first, second, log.clone(), take).await;
        text += &log.text();
    }
    text
}

pub(crate) async fn a_guard_in_the_tail() -> String {
    temporary_in_the_tail(Mutex::new(5)).await.to_string()
}

pub(crate) async fn patterns_take_arguments_apart() -> String {
    patterns((1, 2), [3, 4, 5], &6, (7, 8)).await
}

pub(crate) async fn patterns_bind_by_reference() -> String {
    reference_patterns(1, (2, "3".to_owned()), "4".to_owned()).await
}

pub(crate) async fn arguments_may_have_any_name() -> String {
    odd_names(1, 2, 3, 4, 5).await
}

pub(crate) async fn places_in_the_source_stay() -> String {
    lines_and_columns(1).await
}

pub(crate) async fn variables_are_shadowed() -> String {
    shadowed("abc").await
}

pub(crate) async fn labels_are_the_bodys_own() -> String {
    loops_and_labels(5).await
}

pub(crate) async fn a_closure_as_the_result() -> String {
    opaque_closure().await("four").to_string()
}

pub(crate) async fn a_higher_ranked_closure_as_the_result() -> String {
    opaque_higher_ranked_closure().await("four").to_string()
}

pub(crate) async fn an_iterator_as_the_result() -> String {
    opaque_iterator("abc".to_owned()).await.collect()
}

pub(crate) async fn an_opaque_type_in_a_result() -> String {
    let failed = opaque_in_a_result(String::new()).await.is_err();
    let letters: String = opaque_in_a_result("abc".to_owned()).await.unwrap().collect();
    format!("{failed} {letters}")
}

pub(crate) async fn a_boxed_closure_as_the_result() -> String {
    opaque_boxed().await("four").to_string()
}

pub(crate) async fn question_marks_return() -> String {
    format!("{:?} {:?}", question_marks("7").await, question_marks("x").await)
}

pub(crate) async fn attributes_inside_the_body() -> String {
    inner_attributes(3).await.to_string()
}

pub(crate) async fn conditional_arguments() -> String {
    conditional(4).await.to_string()
}

pub(crate) async fn an_inner_function_of_the_same_name() -> String {
    recursion_of_an_inner_function(4).await.to_string()
}

pub(crate) async fn a_panic_reaches_the_caller() -> String {
    let mut future = Box::pin(panics_with("broken"));
    let payload = std::future::poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            std::future::Future::poll(future.as_mut(), cx)
        }));
        match polled {
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Ok(std::task::Poll::Ready(_)) => unreachable!(),
            Err(payload) => std::task::Poll::Ready(payload),
        }
    })
    .await;
    *payload.downcast::<String>().unwrap()
}
