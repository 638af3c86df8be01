//! Integration and compile tests of the workspace; the tests themselves are in `it` and `ui`.
