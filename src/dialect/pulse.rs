//! What a long statement tells while it runs, and how it is stopped.

/// What a long statement tells while it runs, and whether it shall stop.
#[derive(Debug, Default)]
pub struct Pulse {
    /// How often SQLite called: once in [`PULSE`] operations of its virtual machine.
    pub beats: std::sync::atomic::AtomicU64,
    /// Set to true to stop the statement that runs.
    pub cancel: std::sync::atomic::AtomicBool,
}

/// Operations of SQLite's virtual machine between two beats.
pub const PULSE: i32 = 10_000;
