//! The progress of a long statement while it runs, and how it is canceled.

/// Reports the progress of a long statement, and cancels it.
#[derive(Debug, Default)]
pub struct CancelToken {
    /// How often SQLite has called back: once every [`CANCELLED`] operations of its virtual machine.
    pub beats: std::sync::atomic::AtomicU64,
    /// Set to true to cancel the running statement.
    pub cancel: std::sync::atomic::AtomicBool,
}

/// The number of virtual machine operations between two callbacks.
pub const CANCELLED: i32 = 10_000;
