// One rule of the attribute each, in the editions of the crates that include this.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex, RwLock};
use std::time::Duration;

use unblock_runtime::{Error, Pool, job, unblock};

use crate::block_on;

static A: LazyLock<Pool> = LazyLock::new(|| Pool::builder().name("a").build().unwrap());
static B: LazyLock<Pool> = LazyLock::new(|| Pool::builder().name("b").build().unwrap());
static POOLS: LazyLock<Vec<Pool>> = LazyLock::new(|| vec![A.clone(), B.clone()]);

fn submitted(pool: &Pool, by: impl FnOnce()) {
    let before = pool.stats().submitted;
    by();
    assert!(pool.stats().submitted > before);
}

#[unblock(pool = if big { &A } else { &B })]
fn by_if(big: bool) -> bool {
    big
}

#[unblock(pool = match size { 0 => &*A, _ => &*B })]
fn by_match(size: u8) -> u8 {
    size
}

#[unblock(pool = { let p: &Pool = &A; p })]
fn by_block() {}

#[unblock(pool = POOLS.iter().next().unwrap())]
fn by_method() {}

#[test]
fn a_pool_may_be_any_expression_that_gives_a_reference() {
    submitted(&A, || assert!(block_on(by_if(true))));
    submitted(&B, || assert!(!block_on(by_if(false))));
    submitted(&A, || assert_eq!(block_on(by_match(0)), 0));
    submitted(&A, || block_on(by_block()));
    submitted(&A, || block_on(by_method()));
}

struct State {
    pool: Pool,
    n: u8,
}

#[derive(Clone)]
struct Locked(Arc<Mutex<State>>);

impl Locked {
    #[unblock(pool = self.0.lock().unwrap().pool)]
    fn read(&self) -> u8 {
        self.0.lock().unwrap().n
    }

    #[unblock(pool = self.0.lock().unwrap().pool)]
    fn take(self) -> u8 {
        self.0.lock().unwrap().n
    }
}

#[derive(Clone)]
struct Guarded(Arc<RwLock<Pool>>);

impl Guarded {
    #[unblock(pool = self.0.read().unwrap())]
    fn read(&self) -> bool {
        self.0.try_write().is_ok()
    }
}

#[unblock(pool = shared.read().unwrap())]
fn guarded_argument(shared: Arc<RwLock<Pool>>) -> bool {
    shared.try_write().is_ok()
}

struct Wrapped<T>(T);

#[unblock(pool = shared.read().unwrap())]
fn guarded_in_a_pattern(Wrapped(shared): Wrapped<Arc<RwLock<Pool>>>) -> bool {
    shared.try_write().is_ok()
}

fn send<T: Send>(value: T) -> T {
    value
}

#[test]
fn a_lock_in_the_pool_is_given_back_before_the_call() {
    let locked = Locked(Arc::new(Mutex::new(State { pool: A.clone(), n: 3 })));
    assert_eq!(block_on(send(locked.read())), 3);
    assert_eq!(block_on(send(locked.take())), 3);
    let pool = Arc::new(RwLock::new(A.clone()));
    assert!(block_on(send(Guarded(Arc::clone(&pool)).read())));
    assert!(block_on(send(guarded_argument(Arc::clone(&pool)))));
    assert!(block_on(send(guarded_in_a_pattern(Wrapped(pool)))));
}

#[unblock(timeout = limit)]
fn limited(Wrapped(limit): Wrapped<Duration>) -> Result<bool, Error> {
    let _ = limit;
    Ok(job::deadline().is_some())
}

#[unblock(pool = POOLS[shard])]
fn sharded(Wrapped(shard): Wrapped<usize>) -> usize {
    shard
}

#[unblock(timeout = limit, pool = names[name])]
fn by_reference_pattern(&(limit, ref name): &(Duration, String), names: HashMap<String, Pool>) -> Result<usize, Error> {
    let _ = (limit, &names);
    Ok(name.len())
}

#[unblock(timeout = limit, pool = POOLS[shard])]
fn by_implicit_reference((limit, shard): &(Duration, usize)) -> Result<usize, Error> {
    let _ = limit;
    Ok(*shard)
}

#[test]
fn an_option_sees_the_variables_of_a_destructured_argument_by_value() {
    let limit = Duration::from_secs(60);
    assert!(block_on(limited(Wrapped(limit))).unwrap());
    submitted(&B, || assert_eq!(block_on(sharded(Wrapped(1))), 1));
    let names = HashMap::from([("a".to_owned(), A.clone())]);
    assert_eq!(block_on(by_reference_pattern(&(limit, "a".to_owned()), names)).unwrap(), 1);
    assert_eq!(block_on(by_implicit_reference(&(limit, 1))).unwrap(), 1);
}

#[unblock(timeout = ("60s"))]
fn parenthesized() -> Result<(), Error> {
    Ok(())
}

#[test]
fn a_timeout_may_stand_in_parentheses() {
    block_on(parenthesized()).unwrap();
}

mod blanket {
    use unblock_runtime::unblock;

    trait Everything: Sized {
        fn get(self) -> u8 {
            1
        }
        fn way(&self) -> u8 {
            2
        }
        fn conversion(&self) -> u8 {
            3
        }
        fn run(&self) -> u8 {
            4
        }
        fn enter(&self) -> u8 {
            5
        }
        fn finish(&self) -> u8 {
            6
        }
        fn leave(&self) -> u8 {
            7
        }
        fn value(&self) -> u8 {
            8
        }
    }

    impl<T> Everything for T {}

    #[derive(Clone)]
    pub(crate) struct Thing(pub(crate) u8);

    impl Thing {
        #[unblock]
        pub(crate) fn sum(&self, text: &str, n: u8) -> u8 {
            let all = n.get() + n.way() + n.conversion() + n.run() + n.enter() + n.finish();
            all + n.leave() + n.value() + self.0 + text.len() as u8
        }
    }
}

#[test]
fn a_blanket_trait_with_any_method_is_no_hindrance() {
    assert_eq!(block_on(blanket::Thing(1).sum("ab", 0)), 39);
}

#[derive(Debug, PartialEq)]
enum Foreign {
    Own,
    Pool(String),
}

fn to_foreign(error: Error) -> Foreign {
    Foreign::Pool(error.to_string())
}

#[unblock(error = to_foreign)]
fn with_a_function(panic: bool) -> Result<u8, Foreign> {
    if panic { panic!("broken") } else { Err(Foreign::Own) }
}

#[unblock(error = |_| std::io::Error::other("busy"), timeout = "60s", shed)]
fn with_a_closure() -> std::io::Result<u8> {
    panic!("broken")
}

#[test]
fn an_error_of_another_crate_is_made_by_a_function() {
    assert!(matches!(block_on(with_a_function(true)), Err(Foreign::Pool(_))));
    assert_eq!(block_on(with_a_function(false)), Err(Foreign::Own));
    assert_eq!(block_on(with_a_closure()).unwrap_err().to_string(), "busy");
}

#[derive(Clone)]
struct Table(Vec<u8>);

#[async_trait::async_trait]
trait Find: Send + Sync {
    async fn find(&self, name: &str, extra: u8) -> Option<u8>;

    async fn all(&self) -> Vec<u8>;

    async fn nothing(&self, (a, b): (u8, u8));

    async fn taken(self: Box<Self>) -> u8;

    async fn made(n: u8) -> u8
    where
        Self: Sized;
}

#[async_trait::async_trait]
impl Find for Table {
    #[unblock]
    async fn find(&self, name: &str, extra: u8) -> Option<u8> {
        assert!(job::name().is_some());
        let found = self.0.get(name.len()).copied()?;
        Some(found + extra)
    }

    #[unblock(pool = A)]
    async fn all(&self) -> Vec<u8> {
        assert!(job::name().is_some());
        self.0.clone()
    }

    #[unblock]
    async fn nothing(&self, (a, mut b): (u8, u8)) {
        b += a;
        assert_eq!(b, 3);
        assert!(job::name().is_some());
    }

    #[unblock]
    async fn taken(self: Box<Self>) -> u8 {
        assert!(job::name().is_some());
        self.0[0]
    }

    #[unblock]
    async fn made(n: u8) -> u8 {
        assert!(job::name().is_some());
        n
    }
}

#[test]
fn async_trait_may_be_above_the_implementation() {
    let table: Box<dyn Find> = Box::new(Table(vec![1, 2]));
    assert_eq!(block_on(send(table.find("x", 1))), Some(3));
    assert_eq!(block_on(send(table.find("too long", 1))), None);
    assert_eq!(block_on(table.all()), [1, 2]);
    block_on(table.nothing((1, 2)));
    assert_eq!(block_on(table.taken()), 1);
    assert_eq!(block_on(Table::made(4)), 4);
}

#[trait_variant::make(Store: Send)]
#[allow(dead_code)]
trait LocalStore {
    async fn load(&self, key: u8) -> u8;
}

impl Store for Table {
    #[unblock]
    fn load(&self, key: u8) -> u8 {
        self.0[usize::from(key)]
    }
}

async fn spawned<S: Store + Send + Sync>(store: S) -> u8 {
    send(store.load(1)).await
}

#[test]
fn a_trait_of_trait_variant_is_implemented() {
    assert_eq!(block_on(send(spawned(Table(vec![1, 2])))), 2);
}

trait Convert<T> {
    async fn convert(&self) -> T;
}

mod elsewhere {
    pub(crate) trait Named {
        async fn name(&self) -> String;
    }
}

#[unblock]
impl Convert<u16> for Table {
    fn convert(&self) -> u16 {
        u16::from(self.0[0])
    }
}

impl Convert<u32> for Table {
    #[unblock]
    fn convert(&self) -> u32 {
        u32::from(self.0[1])
    }
}

// The trait is not in scope, and the type has a method of that name.
#[unblock]
impl elsewhere::Named for Table {
    fn name(&self) -> String {
        self.name()
    }
}

impl Table {
    fn name(&self) -> String {
        format!("table of {}", self.0.len())
    }
}

#[test]
fn above_an_implementation_the_attribute_knows_which_method_is_meant() {
    let table = Table(vec![1, 2]);
    assert_eq!(block_on(Convert::<u16>::convert(&table)), 1);
    assert_eq!(block_on(Convert::<u32>::convert(&table)), 2);
    assert_eq!(block_on(elsewhere::Named::name(&table)), "table of 2");
}

#[derive(Clone)]
struct Block(u8);

#[unblock(pool = A)]
impl Block {
    const ONE: u8 = 1;

    fn all(&self) -> Option<&'static str> {
        job::name()
    }

    #[unblock(pool = B, name = "by itself")]
    fn own_options(&self, n: u8) -> (Option<&'static str>, u8) {
        (job::name(), n)
    }

    #[unblock(skip)]
    fn skipped(&self) -> u8 {
        self.0
    }

    const fn constant() -> u8 {
        1
    }

    async fn asynchronous(&self) -> u8 {
        2
    }

    fn associated(n: u8) -> Self {
        Self(n + Self::ONE)
    }
}

#[unblock(pool = super::A)]
mod handlers {
    use unblock_runtime::job;

    #[derive(Debug, Default)]
    pub(crate) struct Unit;

    pub(crate) fn one() -> Option<&'static str> {
        job::name()
    }

    #[unblock(skip)]
    pub(crate) fn two() -> Option<&'static str> {
        job::name()
    }

    impl Unit {
        pub(crate) fn three() -> u8 {
            3
        }
    }
}

#[test]
fn above_an_impl_or_a_mod_the_attribute_is_above_each_function() {
    let block = block_on(Block::associated(1));
    assert_eq!(block.skipped() + Block::constant(), 3);
    assert_eq!(block_on(block.all()), Some("Block::all"));
    assert_eq!(block_on(block.own_options(4)), (Some("by itself"), 4));
    assert_eq!(block_on(block.asynchronous()), 2);
    assert!(block_on(handlers::one()).is_some());
    assert!(handlers::two().is_none());
    assert_eq!(handlers::Unit::three(), 3);
    assert_eq!(format!("{:?}", handlers::Unit), "Unit");
}

#[derive(Clone)]
struct Counter(Arc<Mutex<u8>>);

impl Counter {
    #[unblock]
    fn count(&self, down: u8) -> u8 {
        *self.0.lock().unwrap() += 1;
        if down == 0 { *self.0.lock().unwrap() } else { block_on(self.count(down - 1)) }
    }
}

#[test]
fn a_function_that_waits_for_itself_runs_again() {
    assert_eq!(block_on(Counter(Arc::default()).count(3)), 4);
}

#[derive(Clone)]
struct Generic<T>(T);

impl<T: Clone + Send + Sync + 'static> Generic<T> {
    #[unblock]
    fn all<K: Debug + Send + 'static, const N: usize>(
        &self,
        key: K,
        numbers: &[u8; N],
        then: impl Fn(&T) -> u8 + Send + 'static,
    ) -> impl Iterator<Item = u8> + Send {
        assert!(!format!("{:?} {}", key, stringify!(self)).is_empty());
        let first = then(&self.0);
        numbers.to_vec().into_iter().chain([first])
    }
}

#[test]
fn a_generic_method_of_a_generic_type_gives_an_opaque_type() {
    let all = block_on(send(Generic(1_u8).all("key", &[2, 3], |n| *n)));
    assert_eq!(all.collect::<Vec<_>>(), [2, 3, 1]);
}

mod outer {
    pub(crate) struct Private(pub(super) u8);

    #[derive(Clone)]
    pub(crate) struct Keeper(pub(crate) u8);

    impl Keeper {
        #[unblock_runtime::unblock]
        pub(super) fn private(&self, private: Private) -> Private {
            Private(private.0 + self.0)
        }
    }
}

#[test]
fn private_types_stay_private() {
    assert_eq!(block_on(outer::Keeper(1).private(outer::Private(2))).0, 3);
}

trait Visit: Clone + Send + Sync + 'static {
    async fn visit(&self, by: &str) -> usize;
}

impl<T: AsRef<str> + Clone + Send + Sync + 'static> Visit for Vec<T> {
    #[unblock]
    fn visit(&self, by: &str) -> usize {
        self.iter().filter(|item| item.as_ref() == by).count()
    }
}

#[test]
fn a_trait_of_ones_own_is_implemented_for_a_foreign_type() {
    assert_eq!(block_on(vec!["a", "b", "a"].visit("a")), 2);
}

#[unblock]
fn static_references(text: &'static str, map: &'static [u8]) -> (&'static str, &'static [u8]) {
    (text, map)
}

#[test]
fn what_is_static_is_passed_as_it_is() {
    assert_eq!(block_on(static_references("a", &[1])), ("a", &[1][..]));
}

#[unblock]
fn traced(a: u8, b: &str) -> String {
    tracing::info!(a, ?b, "in {a}");
    format!("{a}{b}")
}

#[test]
fn macros_of_tracing_see_the_arguments() {
    assert_eq!(block_on(traced(1, "x")), "1x");
}
