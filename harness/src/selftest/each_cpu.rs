//! A thread on each of some CPUs, until it is told to end.

use std::io;
use std::sync::atomic::AtomicBool;

use instruments::observe::restrict_this_thread;

use crate::background::Background;

/// The threads at work; they end when this is dropped.
pub(crate) struct OnEachCpu<T>(Vec<Background<T>>);

impl<T: Send + 'static> OnEachCpu<T> {
    /// Has a thread on each of these CPUs do this until its flag is set. Where the kernel refuses to keep a thread on its CPU, it
    /// works on another.
    pub(crate) fn start(name: &str, cpus: &[u32], work: fn(&AtomicBool) -> T) -> io::Result<OnEachCpu<T>> {
        let on = |&cpu: &u32| {
            Background::start(&format!("{name}-{cpu}"), move |stop| {
                let _ = restrict_this_thread(&[cpu]);
                work(stop)
            })
        };
        cpus.iter().map(on).collect::<io::Result<_>>().map(OnEachCpu)
    }

    /// Ends the threads and returns what they came to.
    pub(crate) fn end(mut self) -> impl Iterator<Item = T> {
        self.tell_to_stop();
        std::mem::take(&mut self.0).into_iter().map(Background::end)
    }
}

impl<T> OnEachCpu<T> {
    fn tell_to_stop(&self) {
        self.0.iter().for_each(Background::tell_to_stop);
    }
}

impl<T> Drop for OnEachCpu<T> {
    /// All are told before the first is waited for.
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}
