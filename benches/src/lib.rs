//! What the benches of servers have in common.
