//! Processes of known properties must be seen as they are.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use instruments::clock::now_ns;
use instruments::observe::{Extent, Observer, ProcessReader, Watch, process_cpu, settled_sample, socket_buffer_bytes};
use reports::record::{Sample, Unobserved, Warning};

use crate::common::{LONGEST_WAIT, within};
use crate::supervision::subject::Subject;

const STACK: u64 = 16 * 1024;

fn settled(subject: &Subject) -> Sample {
    let mut reader = ProcessReader::open(subject.pid(), Extent::Alone).unwrap();
    let (sample, settled) =
        settled_sample(&mut reader, 0, STACK, Duration::from_millis(100), LONGEST_WAIT, &AtomicBool::new(false))
            .unwrap();
    assert!(settled, "{sample:?}");
    sample
}

/// Whoever stops a run does not wait until a server comes to rest.
#[test]
fn a_process_is_waited_for_to_rest_until_someone_says_stop() {
    let subject = Subject::start();
    let mut reader = ProcessReader::open(subject.pid(), Extent::Alone).unwrap();
    let stop = AtomicBool::new(false);
    let quiet = 10 * LONGEST_WAIT;
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| settled_sample(&mut reader, 0, STACK, quiet, quiet, &stop).unwrap());
        // So that it waits by then. Where the machine was too busy for that, it is stopped before it begins.
        std::thread::sleep(Duration::from_millis(200));
        stop.store(true, Ordering::Relaxed);
        assert!(within(LONGEST_WAIT, || waiting.is_finished()), "it waits for the process all the same");
        assert!(!waiting.join().unwrap().1, "it takes the process for settled");
    });
}

#[test]
fn threads_are_counted_exactly() {
    let mut subject = Subject::start();
    let before = settled(&subject);
    subject.order("threads 40");
    let after = settled(&subject);
    assert_eq!(after.threads - before.threads, 40);
    assert_eq!(after.kernel_stack_bytes - before.kernel_stack_bytes, 40 * STACK);
    // Two mebibytes of address space each, hardly any of it in memory.
    assert!(after.virtual_bytes - before.virtual_bytes >= 40 << 21);
    assert!(after.resident_bytes - before.resident_bytes < 40 << 16);
}

#[test]
fn touched_memory_is_resident() {
    const TOUCHED: u64 = 32 << 20;
    let mut subject = Subject::start();
    let before = settled(&subject);
    subject.order(&format!("touch {TOUCHED}"));
    let after = settled(&subject);
    let grown = after.resident_bytes - before.resident_bytes;
    assert!(grown.abs_diff(TOUCHED) < TOUCHED / 100, "{grown}");
    assert!(after.page_table_bytes > before.page_table_bytes);
}

#[test]
fn unread_bytes_are_in_the_sockets_and_not_in_the_process() {
    const CONNECTIONS: u64 = 32;
    const EACH: u64 = 32 * 1024;
    let mut subject = Subject::start();
    let address = subject.listen();
    let before = settled(&subject);
    assert_eq!(socket_buffer_bytes(address).unwrap(), 0);
    let connections: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&[b'x'; EACH as usize]).unwrap();
            stream
        })
        .collect();
    let unread = CONNECTIONS * EACH;
    let mut held = 0;
    // The last bytes are delivered by the kernel in its own time.
    assert!(within(LONGEST_WAIT, || {
        held = socket_buffer_bytes(address).unwrap();
        held >= unread
    }));
    assert!(held < 3 * unread, "{held} bytes for {unread}: somebody else's buffers are in it");
    assert!(settled(&subject).resident_bytes.abs_diff(before.resident_bytes) < unread / 10);
    drop(connections);
}

#[test]
fn the_cpu_of_all_threads_is_seen() {
    let mut subject = Subject::start();
    let before = process_cpu(subject.pid()).unwrap();
    subject.order("spin 2");
    assert!(within(LONGEST_WAIT, || process_cpu(subject.pid()).unwrap() > before + Duration::from_millis(100)));
}

/// To watch a process from now on, with a sample so often.
pub(crate) fn watch_of(pid: u32, interval: Duration) -> Watch {
    Watch {
        pid,
        extent: Extent::Alone,
        origin_ns: now_ns(),
        interval,
        kernel_stack_bytes_per_thread: STACK,
        cpus: Vec::new(),
        beside: Vec::new(),
        watched_cpus: Vec::new(),
    }
}

#[test]
fn an_observer_sees_a_process_over_time() {
    let mut subject = Subject::start();
    let mut neighbour = Subject::start();
    let watch = Watch { cpus: vec![0], ..watch_of(subject.pid(), Duration::from_millis(20)) };
    let origin_ns = watch.origin_ns;
    let observer = Observer::start(watch);
    subject.order("threads 7");
    neighbour.order("spin 1");
    let begun = process_cpu(neighbour.pid()).unwrap();
    assert!(within(LONGEST_WAIT, || process_cpu(neighbour.pid()).unwrap() > begun + Duration::from_millis(300)));
    let observed = observer.stop();
    let elapsed_ns = now_ns() - origin_ns;

    let samples = &observed.samples;
    assert!(samples.len() >= 3 && samples.is_sorted_by(|a, b| a.at_ns < b.at_ns && a.cpu_ns <= b.cpu_ns));
    assert!(samples.last().unwrap().at_ns <= elapsed_ns);
    assert_eq!(observed.peak_threads, samples.last().map(|sample| sample.threads));
    let noise = observed.noise;
    // The neighbour is neither the server nor the harness. Ticks tell at least half of its 300 ms.
    let neighbours = 150e6 / (elapsed_ns as f64 * std::thread::available_parallelism().unwrap().get() as f64);
    assert!(noise.other_cpu_share.unwrap() >= neighbours, "{noise:?}, {neighbours}");
    assert!((0.0..=1.0).contains(&noise.steal_share.unwrap()), "{noise:?}");
    assert!(noise.max_hiccup_ns.unwrap() > 0 && noise.sampler_cpu_share.unwrap() > 0.0, "{noise:?}");
}

#[test]
fn however_short_it_is_watched_the_last_sample_is_of_the_end() {
    let mut subject = Subject::start();
    let observer = Observer::start(watch_of(subject.pid(), Duration::from_secs(3_600)));
    subject.order("threads 7");
    let observed = observer.stop();
    let threads: Vec<u64> = observed.samples.iter().map(|sample| sample.threads).collect();
    assert!(matches!(threads[..], [_, last] if last >= 8), "{threads:?}");
}

#[test]
fn the_samples_end_with_the_process() {
    let subject = Subject::start();
    let (pid, watch) = (subject.pid(), watch_of(subject.pid(), Duration::from_millis(1)));
    let observer = Observer::start(watch.clone());
    drop(subject);
    assert_eq!(process_cpu(pid).unwrap_err().kind(), ErrorKind::NotFound);
    // The first sample may or may not have come before the end; none can come after it, and nothing panics.
    let observed = observer.stop();
    assert_eq!(observed.peak_threads.is_some(), !observed.samples.is_empty());
    let unseen = Observer::start(watch).stop().unobserved;
    let is_of_it = |warning: &Warning| matches!(warning, Warning::NotObserved { what: Unobserved::Server, .. });
    assert!(unseen.iter().any(is_of_it), "{unseen:?}");
}
