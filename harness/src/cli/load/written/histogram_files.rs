//! The histograms as files that other tools read: an HdrHistogram interval log, an interval a second, and HdrHistogram's
//! text of percentiles as wrk2 prints it and the plotter at hdrhistogram.github.io takes it.
//!
//! Both hold the response time; in closed loop, which has none, the service time. A request without a right reply stands
//! in both as the timeout (`findings/times.rs`).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::cli::load::findings::times::LoadTimes;
use crate::cli::output::usage;
use crate::plan::PlanError;

const NS_PER_MS: f64 = 1e6;

/// The files that were asked for, open before the load begins.
pub(in crate::cli::load) struct HistogramFiles {
    hlog: Option<Sink>,
    hgrm: Option<Sink>,
}

struct Sink {
    path: PathBuf,
    file: File,
}

impl HistogramFiles {
    /// Opens both and leaves what is in them until there is something to write.
    ///
    /// # Errors
    /// Where one can't be written to, or both are the same.
    pub(in crate::cli::load) fn open(hlog: Option<&Path>, hgrm: Option<&Path>) -> Result<HistogramFiles, PlanError> {
        if hlog.is_some() && hlog == hgrm {
            return usage("--hlog and --hgrm name the same file; give each its own");
        }
        Ok(HistogramFiles { hlog: hlog.map(Sink::open).transpose()?, hgrm: hgrm.map(Sink::open).transpose()? })
    }

    /// Writes what was measured from `start` on.
    pub(in crate::cli::load) fn write(&mut self, times: &LoadTimes, start: SystemTime) -> anyhow::Result<()> {
        if let Some(sink) = &mut self.hlog {
            sink.write(|file| interval_log(times, start, file))?;
        }
        if let Some(sink) = &mut self.hgrm {
            sink.write(|file| Ok(percentile_text(&times.headline().histogram, file)?))?;
        }
        Ok(())
    }
}

impl Sink {
    fn open(path: &Path) -> Result<Sink, PlanError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| {
            PlanError::Usage(format!("{} can't be written ({error}); name a file in a folder of yours", path.display()))
        })?;
        Ok(Sink { path: path.to_owned(), file })
    }

    fn write(&mut self, content: impl FnOnce(&mut BufWriter<&File>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            // Pipes and devices have nothing to cut off.
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
            let mut buffer = BufWriter::new(&self.file);
            content(&mut buffer)?;
            Ok(buffer.flush()?)
        };
        write().with_context(|| format!("{} can't be written", self.path.display()))
    }
}

/// An interval a second of the headline, without a tag, which is what readers look at that know none; and the other times
/// as one interval each.
fn interval_log(times: &LoadTimes, start: SystemTime, file: &mut impl Write) -> anyhow::Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("harness load; values in nanoseconds, the greatest of an interval in milliseconds")
        .with_start_time(start)
        .with_base_time(start)
        .with_max_value_divisor(NS_PER_MS)
        .begin_log_with(file, &mut serializer)?;
    let mut write = |histogram: &Histogram<u64>, from: Duration, duration: Duration, tag: Option<Tag<'_>>| {
        log.write_histogram(histogram, from, duration, tag)
            .map_err(|error| anyhow::anyhow!("the interval log: {error:?}"))
    };
    for second in &times.seconds {
        write(&second.histogram, second.from, second.duration, None)?;
    }
    let tagged = [("service-time", Some(&times.service_time)), ("schedule-lag", times.schedule_lag.as_ref())];
    for (name, ranked) in tagged {
        if let Some(ranked) = ranked {
            write(&ranked.histogram, Duration::ZERO, times.measured, Tag::new(name))?;
        }
    }
    Ok(())
}

/// Percentiles that halve their distance to 100% five times per halving, as the reference implementation has them.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

fn percentile_text(histogram: &Histogram<u64>, file: &mut impl Write) -> io::Result<()> {
    let ms = |value: u64| value as f64 / NS_PER_MS;
    writeln!(file, "{:>12} {:>14} {:>10} {:>14}\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")?;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        let (value, quantile) = (ms(step.value_iterated_to()), step.quantile_iterated_to());
        let count = histogram.count_between(0, step.value_iterated_to());
        write!(file, "{value:12.6} {quantile:14.12} {count:10}")?;
        if quantile < 1.0 {
            write!(file, " {:14.2}", 1.0 / (1.0 - quantile))?;
        }
        writeln!(file)?;
    }
    let (mean, deviation) = (histogram.mean() / NS_PER_MS, histogram.stdev() / NS_PER_MS);
    writeln!(file, "#[Mean    = {mean:12.6}, StdDeviation   = {deviation:12.6}]")?;
    writeln!(file, "#[Max     = {:12.6}, Total count    = {:12}]", ms(histogram.max()), histogram.len())?;
    writeln!(file, "#[Buckets = {:12}, SubBuckets     = {:12}]", histogram.buckets(), 2_048)
}
