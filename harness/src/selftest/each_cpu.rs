//! A thread on each of some CPUs, until it is told to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use instruments::observe::restrict_this_thread;

/// The threads at work; they end when this is dropped.
pub(crate) struct OnEachCpu<T> {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<T>>,
}

impl<T: Default + Send + 'static> OnEachCpu<T> {
    /// Has a thread on each of these CPUs do this until its flag is set. Where the kernel refuses to keep a thread on its CPU, it
    /// works on another.
    pub(crate) fn start(name: &str, cpus: &[u32], work: fn(&AtomicBool) -> T) -> io::Result<OnEachCpu<T>> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut started = OnEachCpu { stop: Arc::clone(&stop), threads: Vec::new() };
        for &cpu in cpus {
            let stop = Arc::clone(&stop);
            started.threads.push(thread::Builder::new().name(format!("{name}-{cpu}")).spawn(move || {
                let _ = restrict_this_thread(&[cpu]);
                work(&stop)
            })?);
        }
        Ok(started)
    }

    /// Ends the threads and returns what they came to.
    pub(crate) fn end(mut self) -> impl Iterator<Item = T> {
        self.stop.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads);
        threads.into_iter().map(|thread| thread.join().unwrap_or_default())
    }
}

impl<T> Drop for OnEachCpu<T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
