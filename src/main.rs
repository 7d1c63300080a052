//! The `pear-archive` program.

fn main() {}
