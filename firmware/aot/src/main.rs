//! Ahead-of-time compiler.
fn main() {}
