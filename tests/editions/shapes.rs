// One shape of function in each module, and what the errors advise. All of it compiles.

mod no_arguments_and_no_result {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() {
        
    }
}

mod one_argument {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: u8) -> u8 {
        a
    }
}

mod a_mutable_argument {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(mut a: u8) -> u8 {
        a += 1;
        a
    }
}

mod an_argument_named_self_like {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(this: u8, self_: u8) -> u8 {
        this + self_
    }
}

mod a_raw_identifier {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(r#type: u8) -> u8 {
        r#type
    }
}

mod a_raw_name {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn r#match(a: u8) -> u8 {
        a
    }
}

mod an_ignored_argument {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(_: u8, _a: u8) {
        
    }
}

mod a_tuple_pattern {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f((a, b): (u8, u8)) -> u8 {
        a + b
    }
}

mod a_nested_pattern {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(((a, _), [b, ..]): ((u8, u8), [u8; 3])) -> u8 {
        a + b
    }
}

mod a_struct_pattern {
    pub(crate) struct Pair {
        pub(crate) a: u8,
        pub(crate) b: u8,
    }

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(Pair { a, b: c }: Pair) -> u8 {
        a + c
    }
}

mod a_unit_struct_pattern {
    pub(crate) struct Unit;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(Unit: Unit) {
        
    }
}

mod a_reference_pattern {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(&a: &u8, &(b, _): &(u8, u8)) -> u8 {
        a + b
    }
}

mod a_binding_at_a_pattern {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(all @ (a, _): (u8, u8)) -> u8 {
        all.0 + a
    }
}

mod a_ref_pattern {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(ref a: String, ref mut b: u8) -> usize {
        *b += 1;
        a.len()
    }
}

mod a_str {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &str) -> usize {
        a.len()
    }
}

mod a_slice {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &[u8]) -> usize {
        a.len()
    }
}

mod a_path {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &std::path::Path) -> bool {
        a.exists()
    }
}

mod an_os_str {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &std::ffi::OsStr) -> usize {
        a.len()
    }
}

mod a_c_str {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &std::ffi::CStr) -> usize {
        a.to_bytes().len()
    }
}

mod a_reference_to_a_vector {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &Vec<u8>) -> usize {
        a.len()
    }
}

mod a_reference_to_an_arc {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &std::sync::Arc<u8>) -> u8 {
        **a
    }
}

mod a_reference_to_an_array {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<const N: usize>(a: &[u8; N]) -> usize {
        a.len()
    }
}

mod a_reference_in_parentheses {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &(impl Clone + Send + 'static)) -> usize {
        std::mem::size_of_val(a)
    }
}

mod a_static_reference {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: &'static str) -> &'static str {
        a
    }
}

mod a_static_cow {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: std::borrow::Cow<'static, str>) -> usize {
        a.len()
    }
}

mod a_function_pointer {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: fn(&str) -> usize) -> usize {
        a("x")
    }
}

mod a_higher_ranked_function {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: impl for<'a> Fn(&'a str) -> &'a str + Send + 'static) -> usize {
        a("x").len()
    }
}

mod a_boxed_function {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: Box<dyn Fn(&str) -> usize + Send>) -> usize {
        a("x")
    }
}

mod an_arc_of_a_trait_object {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f(a: std::sync::Arc<dyn std::fmt::Debug + Send + Sync>) -> String {
        format!("{:?}", a)
    }
}

mod a_named_lifetime {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<'a>(a: &'a str, b: &'a [u8]) -> usize {
        a.len() + b.len()
    }
}

mod an_early_bound_lifetime {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<'a>(a: &'a str) -> usize
    where
        'a: 'a, {
        a.len()
    }
}

mod a_type_parameter {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<T: Send + 'static>(a: T) -> T {
        a
    }
}

mod a_constant_parameter {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<const N: usize>() -> usize {
        N
    }
}

mod a_where_clause {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<T>(a: T) -> T
    where
        T: Send + 'static, {
        a
    }
}

mod a_bound_with_an_associated_type {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f<I: Iterator<Item = u8> + Send + 'static>(a: I) -> u8 {
        a.sum()
    }
}

mod a_result_of_a_tuple {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> (u8, String) {
        (1, String::new())
    }
}

mod a_result_of_an_array {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> [u8; 3] {
        [1; 3]
    }
}

mod a_result_that_never_comes {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> ! {
        std::process::exit(1)
    }
}

mod a_result_with_an_alias {
    type Fallible<T> = Result<T, unblock_runtime::Error>;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> Fallible<u8> {
        Ok(1)
    }
}

mod a_result_of_io {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> std::io::Result<u8> {
        Ok(1)
    }
}

mod an_option_as_the_result {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> Option<u8> {
        None?
    }
}

mod a_result_that_can_be_sent_only {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> std::cell::Cell<u8> {
        std::cell::Cell::new(1)
    }
}

mod an_opaque_debug_that_is_never_made {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> impl std::fmt::Debug {
        todo!()
    }
}

mod an_opaque_result_with_a_lifetime {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> impl Iterator<Item = &'static str> + Send + 'static {
        ["a"].iter().copied()
    }
}

mod two_opaque_results {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> (impl Iterator<Item = u8> + Send, impl Fn(u8) -> u8 + Send) {
        (0..3, |n: u8| n)
    }
}

mod a_boxed_error {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
        Ok("1".parse()?)
    }
}

mod an_unsafe_block {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> u8 {
        let a = || 1;
        a()
    }
}

mod a_nested_async_block {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> impl std::future::Future<Output = u8> + Send {
        async { std::future::ready(1).await }
    }
}

mod an_unboxed_loop {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn f() -> u8 {
        let mut n = 0;
        while n < 3 {
            n += 1;
        }
        n
    }
}

mod every_option {
    use unblock_runtime::unblock;

    #[unblock(name = "by name", detach, shed, timeout = "1.5s", concurrency = 2)]
    pub(crate) fn f() -> Result<(), unblock_runtime::Error> {
        Ok(())
    }
}

mod a_trailing_comma {
    use unblock_runtime::unblock;

    #[unblock(shed, detach,)]
    pub(crate) fn f() -> Result<(), unblock_runtime::Error> {
        Ok(())
    }
}

mod empty_parentheses {
    use unblock_runtime::unblock;

    #[unblock()]
    pub(crate) fn f() {
        
    }
}

mod a_qualified_attribute {
    #[unblock_runtime::unblock]
    pub(crate) fn f() {}
}

mod a_timeout_by_a_call {
    use unblock_runtime::unblock;

    #[unblock(timeout = std::time::Duration::from_secs(n))]
    pub(crate) fn f(n: u64) -> Result<u64, unblock_runtime::Error> {
        Ok(n)
    }
}

mod a_concurrency_by_an_expression {
    use unblock_runtime::unblock;

    #[unblock(concurrency = 2 * 2)]
    pub(crate) fn f() {
        
    }
}

mod an_error_by_a_closure {
    use unblock_runtime::unblock;

    #[unblock(error = |error| format!("{:?}", error))]
    pub(crate) fn f() -> Result<u8, String> {
        Ok(1)
    }
}

mod an_error_by_a_constructor {
    pub(crate) struct Failed(#[allow(dead_code)] unblock_runtime::Error);

    use unblock_runtime::unblock;

    #[unblock(error = Failed, timeout = "1s")]
    pub(crate) fn f() -> Result<u8, Failed> {
        Ok(1)
    }
}

mod two_attributes_and_a_doc_comment {
    use unblock_runtime::unblock;

    /// Says something.
    #[unblock]
    #[must_use]
    #[inline]
    pub(crate) fn f() -> u8 {
        1
    }
}

mod a_borrowed_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(&self) -> u8 {
            self.0
        }
    }
}

mod an_owned_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(self) -> u8 {
            self.0
        }
    }
}

mod a_mutable_owned_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(mut self) -> Self {
            self.0 += 1;
            self
        }
    }
}

mod an_arc_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(self: std::sync::Arc<Self>) -> u8 {
            self.0
        }
    }
}

mod a_borrowed_arc_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(self: &std::sync::Arc<Self>) -> u8 {
            self.0
        }
    }
}

mod a_boxed_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(self: Box<Self>) -> u8 {
            self.0
        }
    }
}

mod a_typed_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(self: &Self) -> u8 {
            self.0
        }
    }
}

mod a_static_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(&'static self) -> &'static u8 {
            &self.0
        }
    }
}

mod a_self_with_a_lifetime {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f<'a>(&'a self, other: &'a str) -> usize {
            other.len() + usize::from(self.0)
        }
    }
}

mod an_associated_function {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(n: u8) -> Self {
            Self(n)
        }
    }
}

mod an_unused_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(&self, n: u8) -> u8 {
            n
        }
    }
}

mod an_unused_owned_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(self) {
            let _ = 1;
        }

        #[unblock]
        pub(crate) fn g(&self) {
            let _ = self;
        }
    }
}

mod a_pool_of_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(pub(crate) u8, pub(crate) unblock_runtime::Pool);

    impl Store {
        #[unblock(pool = self.1)]
        pub(crate) fn f(&self) -> u8 {
            self.0
        }
    }
}

mod a_method_that_matches_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(&self) -> u8 {
            match self {
                Store(n) if *n > 1 => *n,
                Self(_) => 0,
            }
        }
    }
}

mod a_method_with_a_closure_over_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn f(&self) -> u8 {
            let get = || self.0;
            get() + get()
        }
    }
}

mod advice_for_a_mutable_vector {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn fill(mut buffer: Vec<u8>) -> Vec<u8> {
        buffer.push(1);
        buffer
    }
}

mod advice_for_a_mutable_string {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn fill(mut out: String) -> String {
        out.push('1');
        out
    }
}

mod advice_for_a_mutable_slice {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn fill(mut buffer: Vec<u8>) -> Vec<u8> {
        buffer.fill(1);
        buffer
    }
}

mod advice_for_what_is_shared {
    use std::sync::{Arc, Mutex};

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn fill(buffer: Arc<Mutex<Vec<u8>>>) {
        buffer.lock().unwrap().push(1);
    }
}

mod advice_for_a_mutable_trait_object {
    use std::io::Read;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn read(mut from: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        let _ = from.read(&mut [0]);
        from
    }
}

mod advice_for_a_trait_object {
    use std::fmt::Display;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn show(value: Box<dyn Display + Send>) -> String {
        value.to_string()
    }
}

mod advice_for_a_shared_trait_object {
    use std::fmt::Display;
    use std::sync::Arc;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn show(value: Arc<dyn Display + Send + Sync>) -> String {
        value.to_string()
    }
}

mod advice_for_a_trait_object_that_can_be_sent {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn call(function: Box<dyn Fn() + Send + Sync>) {
        function();
    }
}

mod advice_for_a_shared_trait_object_that_can_be_sent {
    use std::sync::Arc;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn call(function: Arc<dyn Fn() + Send + Sync>) {
        function();
    }
}

mod advice_for_a_borrow_in_an_option {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn length(name: Option<String>) -> usize {
        name.map_or(0, |name| name.len())
    }
}

mod advice_for_a_borrow_in_a_slice {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn length(names: Vec<String>) -> usize {
        names.len()
    }
}

mod advice_for_a_borrow_in_a_tuple {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn length((name, _): (String, u8)) -> usize {
        name.len()
    }
}

mod advice_for_paths {
    use std::path::PathBuf;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn length(names: Vec<PathBuf>) -> usize {
        names.len()
    }
}

mod advice_for_a_cow {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn length(text: String) -> usize {
        text.len()
    }
}

mod advice_for_a_result_that_borrows {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn first(words: &str) -> String {
        words.to_owned()
    }
}

mod advice_for_a_result_with_a_cow {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn first(words: &str) -> Option<String> {
        Some(words.to_owned())
    }
}

mod advice_for_mutable_self {
    use unblock_runtime::unblock;

    #[derive(Clone)]
    pub(crate) struct Store(u8);

    impl Store {
        #[unblock]
        pub(crate) fn add(mut self) -> Self {
            self.0 += 1;
            self
        }
    }
}

mod advice_for_a_handle {
    use unblock_runtime::unblock;

    use std::sync::{Arc, Mutex};

    #[derive(Clone)]
    pub(crate) struct Store(pub(crate) Arc<Mutex<u64>>);

    impl Store {
        #[unblock]
        pub(crate) fn add(&self) {
            *self.0.lock().unwrap() += 1;
        }
    }
}

mod advice_for_pinned_self {
    use std::sync::Arc;

    use unblock_runtime::unblock;

    pub(crate) struct Store(pub(crate) u64);

    impl Store {
        #[unblock]
        pub(crate) fn find(self: Arc<Self>) -> u64 {
            self.0
        }
    }
}

mod advice_for_self_without_clone {
    use std::sync::{Arc, Mutex};

    use unblock_runtime::unblock;

    pub(crate) struct Store(pub(crate) Mutex<u64>);

    impl Store {
        #[unblock]
        pub(crate) fn find(self: &Arc<Self>) -> u64 {
            *self.0.lock().unwrap()
        }

        #[unblock]
        pub(crate) fn take(self) -> u64 {
            *self.0.lock().unwrap()
        }
    }
}

mod advice_for_an_argument_without_clone {
    use std::sync::{Arc, Mutex};

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn find(store: &Arc<Mutex<u64>>) -> u64 {
        *store.lock().unwrap()
    }
}

mod advice_for_an_async_function {
    use unblock_runtime::unblock;

    #[unblock]
    fn part(n: u8) -> u8 {
        n
    }

    pub(crate) async fn whole() -> u8 {
        part(1).await + std::future::ready(1).await
    }
}

mod advice_for_an_extern_function {
    use unblock_runtime::unblock;

    extern "C" fn add(a: u8) -> u8 {
        a + 1
    }

    #[unblock]
    pub(crate) fn called(a: u8) -> u8 {
        add(a)
    }
}

mod advice_for_a_required_method {
    use unblock_runtime::unblock;

    pub(crate) trait Find {
        async fn find(&self) -> u64;
    }

    #[derive(Clone)]
    pub(crate) struct Store;

    impl Find for Store {
        #[unblock]
        fn find(&self) -> u64 {
            1
        }
    }
}

mod advice_for_track_caller {
    use std::panic::Location;

    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn find(caller: &'static Location<'static>) -> u32 {
        caller.line()
    }
}

mod advice_for_a_dropped_call_of_itself {
    use unblock_runtime::unblock;

    fn all(depth: u8) {
        if depth > 0 {
            all(depth - 1);
        }
    }

    #[unblock]
    pub(crate) fn walk(depth: u8) {
        all(depth);
    }
}

mod advice_for_a_timeout {
    use unblock_runtime::{Error, unblock};

    #[unblock(timeout = "250ms")]
    pub(crate) fn soon() -> Result<u8, Error> {
        Ok(1)
    }
}

mod advice_for_a_hidden_method {
    use unblock_runtime::unblock;

    pub(crate) trait Find {
        async fn find(&self) -> u64;
    }

    #[derive(Clone)]
    pub(crate) struct Store(pub(crate) u64);

    impl Store {
        fn find(&self) -> u64 {
            self.0
        }
    }

    #[unblock]
    impl Find for Store {
        #[unblock]
        fn find(&self) -> u64 {
            assert!(self.0 > 0);
            Store::find(self)
        }
    }
}

mod advice_for_an_error_type_of_another_crate {
    use unblock_runtime::{Error, unblock};

    fn to_e(error: Error) -> std::io::Error {
        std::io::Error::other(error)
    }

    #[unblock(error = to_e, shed)]
    pub(crate) fn find() -> std::io::Result<u8> {
        Ok(1)
    }
}

mod advice_for_a_lifetime_in_the_body {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn length<'a>(text: &'a str) -> usize {
        let text: &str = text;
        text.len()
    }
}

mod advice_for_a_type_parameter {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn text<T: Into<String> + Send + 'static>(text: T) -> String {
        text.into()
    }
}

mod a_method_that_calls_a_function_of_its_name {
    use unblock_runtime::unblock;

    fn sleep(n: u8) {
        let _ = n;
    }

    pub(crate) struct Sleeper;

    impl Sleeper {
        #[unblock]
        pub(crate) fn sleep(self) {
            sleep(1);
        }
    }
}

mod a_function_that_calls_an_imported_one_of_its_name {
    use unblock_runtime::unblock;

    #[unblock]
    pub(crate) fn sleep() {
        use std::thread::sleep;
        sleep(std::time::Duration::ZERO);
    }
}
