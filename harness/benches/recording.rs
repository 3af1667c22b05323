//! What the generator does between two system calls: note a value, and look up when the next request is due.
//!
//! Run with `cargo bench -p harness --bench recording`. The library's histogram is beside the generator's bare array
//! because `tally.rs` says that it is slower; this is where that can be seen to be so, or no longer so.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hdrhistogram::Histogram;
use instruments::load::{Arrivals, Tally};

/// A power of two, so that going round costs a mask and not a division, which would be most of what is measured.
const VALUES: usize = 4_096;

/// Values as a load has them: 20 us to 5 ms, ever other buckets.
fn values() -> [u64; VALUES] {
    let mut arrivals = Arrivals::poisson(10_000.0, 1);
    std::array::from_fn(|_| 20_000 + arrivals.next().expect("arrivals have no end") % 5_000_000)
}

fn record(c: &mut Criterion) {
    let values = values();
    let mut group = c.benchmark_group("record");
    let (mut tally, mut at) = (<Tally>::new(), 0);
    group.bench_function("bare array", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % VALUES;
            black_box(&mut tally).record(black_box(values[at]));
        });
    });
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).expect("constants that it accepts");
    group.bench_function("hdrhistogram", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % VALUES;
            black_box(&mut histogram).record(black_box(values[at])).expect("all values are below the bound");
        });
    });
    group.finish();
}

fn next_arrival(c: &mut Criterion) {
    let mut group = c.benchmark_group("next arrival");
    let mut poisson = Arrivals::poisson(10_000.0, 1);
    group.bench_function("poisson", |bencher| bencher.iter(|| black_box(black_box(&mut poisson).next())));
    let mut constant = Arrivals::constant(10_000.0);
    group.bench_function("constant", |bencher| bencher.iter(|| black_box(black_box(&mut constant).next())));
    group.finish();
}

fn short() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group! { name = benches; config = short(); targets = record, next_arrival }
criterion_main!(benches);
