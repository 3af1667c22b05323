//! Tasks: spawned, handing over, switching. Function by function beside `threads.rs`, which does the same with threads.

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use servers::protocol::READ_BUFFER_BYTES;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};

use super::subject::Timed;
use super::threads::BATCH;

pub(super) async fn spawn_and_join(count: u64) -> Timed {
    let batches = count.div_ceil(BATCH);
    let mut handles = Vec::with_capacity(BATCH as usize);
    let begun = Instant::now();
    for _ in 0..batches {
        for index in 0..BATCH {
            handles.push(tokio::spawn(async move { black_box(index) }));
        }
        for handle in handles.drain(..) {
            black_box(handle.await.expect("it can't panic"));
        }
    }
    Timed { time: begun.elapsed(), count: batches * BATCH }
}

pub(super) async fn channel(count: u64) -> Timed {
    let round_trips = count.div_ceil(2);
    let (there, mut from_here) = mpsc::channel::<u64>(1);
    let (back, mut from_there) = mpsc::channel::<u64>(1);
    let partner = tokio::spawn(async move {
        while let Some(message) = from_here.recv().await {
            if back.send(black_box(message)).await.is_err() {
                break;
            }
        }
    });
    let mut round_trip = async |message| {
        there.send(message).await.expect("the partner waits for it");
        black_box(from_there.recv().await.expect("the partner replies"))
    };
    round_trip(0).await;
    let begun = Instant::now();
    for message in 0..round_trips {
        round_trip(message).await;
    }
    let time = begun.elapsed();
    drop(there);
    partner.await.expect("it can't panic");
    Timed { time, count: round_trips * 2 }
}

pub(super) async fn switch(count: u64) -> Timed {
    let round_trips = count.div_ceil(2);
    // A notification that comes early is kept, so no flag is needed.
    let (there, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (mine, theirs) = (Arc::clone(&there), Arc::clone(&back));
    let partner = tokio::spawn(async move {
        for _ in 0..=round_trips {
            mine.notified().await;
            theirs.notify_one();
        }
    });
    let round_trip = async || {
        there.notify_one();
        back.notified().await;
    };
    round_trip().await;
    let begun = Instant::now();
    for _ in 0..round_trips {
        round_trip().await;
    }
    let time = begun.elapsed();
    partner.await.expect("it can't panic");
    Timed { time, count: round_trips * 2 }
}

pub(super) async fn socket(count: u64) -> io::Result<Timed> {
    let round_trips = count.div_ceil(2);
    let (mut here, there) = UnixStream::pair()?;
    let partner = tokio::spawn(echo(there));
    let mut buffer = [0; READ_BUFFER_BYTES];
    round_trip(&mut here, &mut buffer).await?;
    let begun = Instant::now();
    for _ in 0..round_trips {
        round_trip(&mut here, &mut buffer).await?;
    }
    let time = begun.elapsed();
    drop(here);
    partner.await.expect("it can't panic")?;
    Ok(Timed { time, count: round_trips * 2 })
}

/// Sends back what comes, until the other side closes.
pub(super) async fn echo(mut stream: UnixStream) -> io::Result<()> {
    let mut buffer = [0; READ_BUFFER_BYTES];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}

async fn round_trip(stream: &mut UnixStream, buffer: &mut [u8]) -> io::Result<()> {
    stream.write_all(black_box(&[1])).await?;
    black_box(stream.read(buffer).await?);
    Ok(())
}
