//! Rebuilds the crate if a migration is added. The migrations are compiled in, which cargo can't see by itself.

fn main() {
    println!("cargo::rerun-if-changed=../../../migrations/postgres");
}
