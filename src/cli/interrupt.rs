//! Ctrl-C and SIGTERM. While nothing is being changed, the program cancels its work on the server, says so
//! and ends; a running apply handles the signal itself and rolls back.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::time::Duration;

use super::output;

/// The state in which an interrupt would find the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing was changed.
    Reading = 0,
    /// A change is running that watches for signals itself.
    Changing = 1,
    /// Something was changed, and no change is running now.
    Changed = 2,
    /// A short write is in progress.
    Writing = 3,
}

static PHASE: AtomicU8 = AtomicU8::new(0);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Sets the phase from now on.
pub(super) fn enter(phase: Phase) {
    PHASE.store(phase as u8, SeqCst);
}

/// Returns the current phase.
fn phase() -> Phase {
    match PHASE.load(SeqCst) {
        0 => Phase::Reading,
        1 => Phase::Changing,
        2 => Phase::Changed,
        _ => Phase::Writing,
    }
}

/// Returns what is known about the database after a panic.
pub(super) fn after_a_panic() -> &'static str {
    match phase() {
        Phase::Reading => "nothing was changed; please report this",
        _ => "run rosey plan to see what is left to do; please report this",
    }
}

/// Watches for signals until the program ends, in a separate thread so that reading a large file does not
/// delay it.
pub(super) fn watch() {
    let spawned = std::thread::Builder::new().name("signals".to_owned()).spawn(|| {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(listen());
        }
    });
    // Without a thread, the default action of the system remains.
    drop(spawned);
}

async fn listen() {
    #[cfg(unix)]
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return,
    };
    loop {
        #[cfg(unix)]
        let code = tokio::select! {
            heard = tokio::signal::ctrl_c() => heard.map(|()| 130),
            _ = terminate.recv() => Ok(143),
        };
        #[cfg(not(unix))]
        let code = tokio::signal::ctrl_c().await.map(|()| 130);
        let Ok(code) = code else { return };
        let said = match phase() {
            Phase::Changing => continue,
            Phase::Reading => "interrupted; nothing was changed",
            Phase::Changed => "interrupted; what was already applied stays applied; nothing else was changed",
            Phase::Writing => "interrupted; run the same command again to see whether it was completed",
        };
        INTERRUPTED.store(true, SeqCst);
        crate::engine::cancel_all().await;
        output::err(&format!("error: {said}\n"));
        std::process::exit(code);
    }
}

/// Blocks until the program ends if an interrupt has begun: the error of the canceled statement must not be
/// reported.
pub(super) fn give_way() {
    while INTERRUPTED.load(SeqCst) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
