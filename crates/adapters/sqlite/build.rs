//! The migrations are compiled in; cargo doesn't see by itself that there is a new one.

fn main() {
    println!("cargo::rerun-if-changed=../../../migrations/sqlite");
}
