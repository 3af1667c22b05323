//! Work that goes on beside everything else until it is told to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A thread with a flag that ends it. Dropping it ends it too, and waits for that.
#[derive(Debug)]
pub(crate) struct Background<T> {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<T>>,
}

impl<T: Send + 'static> Background<T> {
    /// Begins `work`, which is to look at the flag several times a second.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(crate) fn start(name: &str, work: impl FnOnce(&AtomicBool) -> T + Send + 'static) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || work(&told))?;
        Ok(Background { stop, thread: Some(thread) })
    }

    /// Whether it has come to its end by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Waits for its end, and says what came of it.
    pub(crate) fn end(mut self) -> T {
        self.tell_to_stop();
        let thread = self.thread.take().expect("only this and the drop take it, and both consume");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl<T> Background<T> {
    /// Tells it to stop, and does not wait: several that are told first end together.
    pub(crate) fn tell_to_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            // A panic in it has been told by the hook, and this may be unwinding from another.
            let _ = thread.join();
        }
    }
}
