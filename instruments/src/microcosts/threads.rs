//! Threads: spawned, handing over, switching. Function by function beside `tasks.rs`, which does the same with tasks.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use servers::protocol::READ_BUFFER_BYTES;

use super::subject::Timed;

/// How many are spawned before the first is waited for.
pub(super) const BATCH: u64 = 64;

pub(super) fn spawn_and_join(count: u64) -> io::Result<Timed> {
    let batches = count.div_ceil(BATCH);
    let mut handles = Vec::with_capacity(BATCH as usize);
    let begun = Instant::now();
    for _ in 0..batches {
        for index in 0..BATCH {
            handles.push(thread::Builder::new().spawn(move || black_box(index))?);
        }
        for handle in handles.drain(..) {
            black_box(handle.join().expect("it can't panic"));
        }
    }
    Ok(Timed { time: begun.elapsed(), count: batches * BATCH })
}

pub(super) fn channel(count: u64) -> io::Result<Timed> {
    let round_trips = count.div_ceil(2);
    let (there, from_here) = mpsc::sync_channel::<u64>(1);
    let (back, from_there) = mpsc::sync_channel::<u64>(1);
    let partner = thread::Builder::new().spawn(move || {
        while let Ok(message) = from_here.recv() {
            if back.send(black_box(message)).is_err() {
                break;
            }
        }
    })?;
    let round_trip = |message| {
        there.send(message).expect("the partner waits for it");
        black_box(from_there.recv().expect("the partner replies"))
    };
    round_trip(0);
    let begun = Instant::now();
    (0..round_trips).for_each(|message| {
        round_trip(message);
    });
    let time = begun.elapsed();
    drop(there);
    partner.join().expect("it can't panic");
    Ok(Timed { time, count: round_trips * 2 })
}

pub(super) fn switch(count: u64) -> io::Result<Timed> {
    let round_trips = count.div_ceil(2);
    // Parking may end without cause, so whose turn it is stands in a flag.
    let is_partners_turn = Arc::new(AtomicBool::new(false));
    let wait_until = |turn: &AtomicBool, is_partners: bool| {
        while turn.load(Ordering::Acquire) != is_partners {
            thread::park();
        }
    };
    let (here, turn) = (thread::current(), Arc::clone(&is_partners_turn));
    let partner = thread::Builder::new().spawn(move || {
        for _ in 0..=round_trips {
            wait_until(&turn, true);
            turn.store(false, Ordering::Release);
            here.unpark();
        }
    })?;
    let round_trip = || {
        is_partners_turn.store(true, Ordering::Release);
        partner.thread().unpark();
        wait_until(&is_partners_turn, false);
    };
    round_trip();
    let begun = Instant::now();
    (0..round_trips).for_each(|_| round_trip());
    let time = begun.elapsed();
    partner.join().expect("it can't panic");
    Ok(Timed { time, count: round_trips * 2 })
}

pub(super) fn socket(count: u64) -> io::Result<Timed> {
    let round_trips = count.div_ceil(2);
    let (mut here, there) = UnixStream::pair()?;
    let partner = thread::Builder::new().spawn(move || echo(there))?;
    let mut buffer = [0; READ_BUFFER_BYTES];
    round_trip(&mut here, &mut buffer)?;
    let begun = Instant::now();
    for _ in 0..round_trips {
        round_trip(&mut here, &mut buffer)?;
    }
    let time = begun.elapsed();
    drop(here);
    partner.join().expect("it can't panic")?;
    Ok(Timed { time, count: round_trips * 2 })
}

pub(super) fn system_calls(count: u64) -> io::Result<Timed> {
    let (mut here, mut there) = UnixStream::pair()?;
    let mut buffer = [0; READ_BUFFER_BYTES];
    let mut write_and_read = || -> io::Result<()> {
        here.write_all(black_box(&[1]))?;
        black_box(there.read(black_box(&mut buffer))?);
        Ok(())
    };
    write_and_read()?;
    let begun = Instant::now();
    for _ in 0..count {
        write_and_read()?;
    }
    Ok(Timed { time: begun.elapsed(), count })
}

/// Sends back what comes, until the other side closes.
pub(super) fn echo(mut stream: UnixStream) -> io::Result<()> {
    let mut buffer = [0; READ_BUFFER_BYTES];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

fn round_trip(stream: &mut UnixStream, buffer: &mut [u8]) -> io::Result<()> {
    stream.write_all(black_box(&[1]))?;
    black_box(stream.read(buffer)?);
    Ok(())
}
