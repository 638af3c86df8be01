// Compiles the bodies of `same.rs` twice, once under `#[unblock]` and once as plain `async fn`s,
// and compares what they give.

mod with {
    use unblock_runtime::unblock;
    include!("same.rs");
}

mod without {
    use unblock_tests_async_fn::unblock;
    include!("same.rs");
}

/// Runs a future that is woken from other threads.
fn block_on<F: std::future::Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::task::Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut future = Box::pin(future);
    loop {
        if let std::task::Poll::Ready(output) =
            future.as_mut().poll(&mut std::task::Context::from_waker(&waker))
        {
            return output;
        }
        std::thread::park();
    }
}

macro_rules! same {
    ($($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                let expected = block_on(without::$case());
                assert!(!expected.is_empty());
                assert_eq!(block_on(with::$case()), expected);
            }
        )*
    };
}

same! {
    stringify_shows_self
    assert_shows_self
    assert_with_a_message_shows_self
    assert_eq_shows_self
    format_strings_name_self
    a_literal_with_self_stays
    no_name_of_a_variable_is_taken
    the_word_use_in_a_macro_is_no_import
    a_macro_may_write_methods
    macros_get_the_tokens_that_were_written
    items_in_the_body_have_their_own_self
    closures_in_the_body_see_self
    the_type_self_is_the_same
    methods_are_called_on_self
    self_by_value
    self_by_mutable_value
    self_in_an_arc
    self_by_a_reference_to_an_arc
    self_in_a_box
    dbg_gives_the_value
    a_body_returns_early
    generics_and_constants
    impl_trait_as_an_argument
    borrowed_arguments
    a_body_names_a_lifetime
    a_provided_method
    a_method_of_a_trait
    an_associated_type_as_the_result
    a_generic_type
    arguments_are_dropped_in_their_order
    temporaries_of_the_tail_are_dropped_as_the_edition_says
    an_argument_that_is_moved_in_a_branch
    a_guard_in_the_tail
    patterns_take_arguments_apart
    patterns_bind_by_reference
    arguments_may_have_any_name
    places_in_the_source_stay
    variables_are_shadowed
    labels_are_the_bodys_own
    a_closure_as_the_result
    a_higher_ranked_closure_as_the_result
    an_iterator_as_the_result
    an_opaque_type_in_a_result
    a_boxed_closure_as_the_result
    question_marks_return
    attributes_inside_the_body
    conditional_arguments
    an_inner_function_of_the_same_name
    a_panic_reaches_the_caller
}
