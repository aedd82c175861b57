//! Ctrl-C and SIGTERM. While nothing is being changed, the program stops what a server does for it, says so and ends; an
//! apply at work ends in its own way, which rolls back.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::time::Duration;

use super::output;

/// What an interrupt would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing was changed.
    Reading = 0,
    /// Something is being changed by what watches for signals itself.
    Changing = 1,
    /// Something was changed, and nothing is being changed now.
    Changed = 2,
    /// Something is being written in one short step.
    Writing = 3,
}

static PHASE: AtomicU8 = AtomicU8::new(0);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Notes down what an interrupt would meet from now on.
pub(super) fn enter(phase: Phase) {
    PHASE.store(phase as u8, SeqCst);
}

/// What an interrupt would meet.
fn phase() -> Phase {
    match PHASE.load(SeqCst) {
        0 => Phase::Reading,
        1 => Phase::Changing,
        2 => Phase::Changed,
        _ => Phase::Writing,
    }
}

/// What can be said of the database after a failure of rosey's own.
pub(super) fn after_a_panic() -> &'static str {
    match phase() {
        Phase::Reading => "nothing was changed; please report this",
        _ => "run rosey plan to see what is left to do; please report this",
    }
}

/// Watches for signals until the program ends, in a thread of its own: reading a large file does not stop it.
pub(super) fn watch() {
    let spawned = std::thread::Builder::new().name("signals".to_owned()).spawn(|| {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(listen());
        }
    });
    // Without a thread the system's own way of ending a program is left.
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
        crate::dialect::postgres::cancel_all().await;
        output::err(&format!("error: {said}\n"));
        std::process::exit(code);
    }
}

/// Waits for the end where an interrupt has begun it: the statement that it stopped is not the reason to tell.
pub(super) fn give_way() {
    while INTERRUPTED.load(SeqCst) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
