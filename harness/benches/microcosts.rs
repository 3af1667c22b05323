//! The figures of `harness microcosts` as criterion takes them: the same functions, under its warm-up and statistics.
//!
//! Run with `cargo bench -p harness --bench microcosts`; a filter such as `-- channel` takes a part. Everything is
//! measured on the first CPU alone and on the first two, as there.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use instruments::microcosts::{CpuSet, Microcost, measure};
use instruments::observe::{allowed_cpus, raise_soft_descriptor_limit};

fn microcosts(c: &mut Criterion) {
    raise_soft_descriptor_limit().expect("anyone may raise it to the hard limit");
    for placement in CpuSet::of(&allowed_cpus().expect("the kernel tells which CPUs there are")) {
        for subject in Microcost::all() {
            let mut group = c.benchmark_group(subject.operation.name());
            group.bench_function(format!("{} on {placement}", subject.kind.name()), |bencher| {
                bencher.iter_custom(|count| {
                    let each_ns = measure(subject, count, &placement).expect("the machine has what this asks for");
                    Duration::from_nanos((each_ns * count as f64) as u64)
                });
            });
            group.finish();
        }
    }
}

/// Few samples: each begins with threads, sockets or runtimes to be made, which is not timed and takes its time.
fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
}

criterion_group! { name = benches; config = short(); targets = microcosts }
criterion_main!(benches);
