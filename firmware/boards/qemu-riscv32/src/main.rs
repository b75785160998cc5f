//! Board binary.
fn main() {}
