//! The examples work as described. Those with their own tests have them run here.

#![allow(dead_code)] // each has its own `main`

#[path = "../../examples/apply_at_startup.rs"]
mod apply_at_startup;
#[path = "../../examples/custom_renderer.rs"]
mod custom_renderer;
#[path = "../../examples/plan_snapshot.rs"]
mod plan_snapshot;

#[test]
fn a_program_brings_its_database_along_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.db");
    apply_at_startup::start(&file).unwrap();
    let first = std::fs::read(&file).unwrap();
    apply_at_startup::start(&file).unwrap();
    assert!(std::fs::read(&file).unwrap() == first, "the second start writes to the database");
}
