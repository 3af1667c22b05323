//! All that is written of one load, whose figures stand here: table, JSON object, and the files for other tools. They must
//! say the same.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use instruments::load::{ArrivalProcess, Generator, LoadOutcome, LoadSpec, Pacing, PageRequest, Shape, Work};
use instruments::observe::MachineSeen;
use reports::record::{
    ConnectionLedger, GeneratorUsage, HistogramRecord, Ledger, ReplyBytes, Throttled, Traffic, Unobserved, Warning,
};
use serde_json::Value;

use super::findings::times::LoadTimes;
use super::findings::times::tests::record;
use super::findings::{LoadFindings, LoadSetup};
use super::written::histogram_files::HistogramFiles;
use super::written::table;

const US: u64 = 1_000;
const TIMEOUT_NS: u64 = 2_000_000_000;

/// How a load is judged; changed by each test as it likes.
pub(super) struct JudgedLoad {
    spec: LoadSpec,
    pacing: Pacing,
    outcome: LoadOutcome,
    machine: MachineSeen,
    gates: Vec<&'static str>,
}

/// All that is written of it.
pub(super) struct Written {
    table: String,
    pub(super) json: Value,
    /// The intervals without a tag, added up.
    hlog: Histogram<u64>,
    /// The file of percentiles.
    hgrm: String,
}

fn times(count: u64) -> HistogramRecord {
    record((0..count).map(|index| if index % 100 == 0 { 300 * US } else { 100 * US }))
}

impl JudgedLoad {
    /// Ten seconds at 1,000 requests per second, of which each took 100 µs or, one in a hundred, 300.
    pub(super) fn open() -> JudgedLoad {
        let traffic = Traffic {
            ledger: Ledger { scheduled: 10_000, ok: 10_000, ..Ledger::default() },
            ok_within_window: 10_000,
            connections: ConnectionLedger { established: 4, ..ConnectionLedger::default() },
            response_time: Some(times(10_000)),
            schedule_lag: Some(record([US; 10_000])),
            ..Traffic::new(times(10_000))
        };
        let spec = LoadSpec {
            shape: Shape::Connections { connections: 4 },
            work: Work::Page(PageRequest::get("/a")),
            warm_up: Duration::from_secs(1),
            window: Duration::from_secs(10),
            timeout: Duration::from_nanos(TIMEOUT_NS),
            ..LoadSpec::of_a_second(ArrivalProcess::Poisson { rate_rps: 1_000.0 })
        };
        let nothing = LoadOutcome::join(&spec, &[], 0).unwrap();
        let (user_cpu_ns, system_cpu_ns) = (50_000_000, 50_000_000);
        let generator =
            GeneratorUsage { threads: 1, user_cpu_ns, system_cpu_ns, busiest_worker: 0.01, ..nothing.generator };
        let outcome = LoadOutcome { traffic, generator, opening: Some(Duration::from_millis(1)), ..nothing };
        let (machine, gates) = (MachineSeen::default(), Vec::new());
        JudgedLoad { spec, pacing: Pacing::Sleeping, outcome, machine, gates }
    }

    /// The same, but that every fourth request got an error at once.
    pub(super) fn failing() -> JudgedLoad {
        let mut load = JudgedLoad::open();
        let traffic = &mut load.outcome.traffic;
        traffic.ledger = Ledger { ok: 7_500, error: 2_500, ..traffic.ledger };
        traffic.ok_within_window = 7_500;
        (traffic.response_time, traffic.service_time) = (Some(times(7_500)), times(7_500));
        load
    }

    fn closed(mut self) -> JudgedLoad {
        self.spec.arrivals = ArrivalProcess::Closed;
        (self.outcome.traffic.response_time, self.outcome.traffic.schedule_lag) = (None, None);
        self
    }

    pub(super) fn written(&self) -> Written {
        let gates: Vec<_> = self.gates.iter().map(|gate| gate.parse().unwrap()).collect();
        let asking = LoadSetup {
            spec: &self.spec,
            generator: Generator { threads: 1, pacing: self.pacing },
            target: "http://localhost:8080/a",
            address: ([127, 0, 0, 1], 8_080).into(),
            started_at: SystemTime::UNIX_EPOCH + Duration::from_secs(86_400),
            requests: None,
            gates: &gates,
            machine: &self.machine,
            busy: None,
            cpus: 2,
            fleet: None,
        };
        let times = LoadTimes::of(&self.outcome, self.spec.timeout).unwrap();
        let findings = LoadFindings::new(&asking, &self.outcome, &times);
        let folder = tempfile::tempdir().unwrap();
        let (hlog, hgrm) = (folder.path().join("a.hlog"), folder.path().join("a.hgrm"));
        let mut files = HistogramFiles::open(Some(&hlog), Some(&hgrm)).unwrap();
        files.write(&times, asking.started_at).unwrap();
        Written {
            table: table::drawn(&findings, &self.spec),
            json: serde_json::to_value(&findings).unwrap(),
            hlog: logged(&hlog),
            hgrm: fs::read_to_string(hgrm).unwrap(),
        }
    }
}

fn logged(path: &Path) -> Histogram<u64> {
    let log = fs::read(path).unwrap();
    let mut sum = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    for entry in IntervalLogIterator::new(&log) {
        if let LogEntry::Interval(interval) = entry.unwrap()
            && interval.tag().is_none()
        {
            let bytes = BASE64_STANDARD.decode(interval.encoded_histogram()).unwrap();
            let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
            sum.add(&histogram).unwrap();
        }
    }
    sum
}

/// The value of a percentile in the text, in nanoseconds.
fn in_text(hgrm: &str, quantile: f64) -> f64 {
    let rows = hgrm.lines().skip(2).take_while(|line| !line.starts_with('#'));
    let row = rows.map(|line| line.split_whitespace().map(|cell| cell.parse::<f64>().unwrap()).collect::<Vec<f64>>());
    row.into_iter().find(|row| row[1] >= quantile).unwrap()[0] * 1e6
}

/// What the table shows of a row: the first line of its cells.
fn row(table: &str, name: &str) -> String {
    let line = table.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{table}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn table_object_log_and_text_tell_the_same_of_failures() {
    for (load, name, key) in [
        (JudgedLoad::failing(), "response time", "response_time_ns"),
        (JudgedLoad::failing().closed(), "service time", "service_time_ns"),
    ] {
        let Written { table, json, hlog, hgrm } = load.written();
        let times = &json[key];
        assert_eq!((times["count"].as_u64(), times["right"].as_u64(), hlog.len()), (Some(10_000), Some(7_500), 10_000));
        for (percentile, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)] {
            let found = &times[percentile];
            let expected = found["value"].as_u64().or(found["above"].as_u64()).unwrap() as f64;
            let is_beyond = found["value"].is_null();
            assert_eq!(is_beyond, percentile != "p50", "{found}");
            for told in [hlog.value_at_quantile(quantile) as f64, in_text(&hgrm, quantile)] {
                assert!((told / expected - 1.0).abs() < 0.001, "{key} {percentile}: {told} {expected}");
            }
        }
        assert_eq!(times["p50"]["value"], hlog.value_at_quantile(0.5));
        assert_eq!(times["max"]["above"], TIMEOUT_NS);
        assert_eq!(times["mean_is_of"], "right replies");
        assert_eq!(row(&table, name), format!("{name} 100 µs > 2 s > 2 s > 2 s > 2 s 102 µs"), "{table}");
        assert!(table.contains("of right replies"), "{table}");
    }
}

#[test]
fn without_failures_every_figure_is_a_time() {
    let Written { table, json, hlog, hgrm } = JudgedLoad::open().written();
    let times = &json["response_time_ns"];
    assert_eq!((&times["max"]["value"], &times["mean_is_of"]), (&hlog.max().into(), &Value::Null));
    assert!((in_text(&hgrm, 1.0) / 300_000.0 - 1.0).abs() < 0.001);
    assert!(!table.contains("of right replies") && !table.contains('>'), "{table}");
}

#[test]
fn the_object_has_all_that_was_asked_for() {
    let json = JudgedLoad::open().written().json;
    for (key, value) in [
        ("harness_version", Value::from(instruments::allocator::VERSION)),
        ("started_at", "1970-01-02T00:00:00.000Z".into()),
        ("target", "http://localhost:8080/a".into()),
        ("address", "127.0.0.1:8080".into()),
        ("method", "GET".into()),
        ("path", "/a".into()),
        ("wire", "http".into()),
        ("work", "GET /a".into()),
        ("arrivals", "poisson".into()),
        ("pacing", "sleeping".into()),
        ("warm_up_ns", 1_000_000_000.into()),
        ("timeout_ns", TIMEOUT_NS.into()),
        ("hung_since_warm_up", 0.into()),
        ("valid", true.into()),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert!(json["verdict"].as_str().unwrap().starts_with("valid: "));
}

#[test]
fn replies_have_statuses_sizes_and_a_rate() {
    let mut load = JudgedLoad::open();
    let traffic = &mut load.outcome.traffic;
    traffic.statuses = [(200, 9_990), (204, 10)].into();
    traffic.reply_bytes = Some(ReplyBytes { total: 20_480_000, least: 100, most: 5_120 });
    traffic.hung_since_warm_up = 3;
    let Written { table, json, .. } = load.written();
    let replies = "9,990 of status 200, 10 of status 204; 100 B to 5 KiB, 2 KiB on average, 1.95 MiB/s";
    assert!(table.contains(replies), "{table}");
    assert!(table.contains("10,000 scheduled = 10,000 ok; besides, 3 of the warm-up never ended"), "{table}");
    assert!(json["notices"][0].as_str().unwrap().starts_with("3 requests of the warm-up never got a reply"));
    assert_eq!((&json["statuses"]["200"], &json["reply_bytes"]["mean"]), (&9_990.into(), &2_048.0.into()));
    assert_eq!(json["reply_bytes"]["per_second"], 2_048_000.0);
}

#[test]
fn what_must_be_known_first_stands_before_the_verdict_unless_that_is_invalid() {
    let mut load = JudgedLoad::failing();
    load.gates = vec!["errors>1%"];
    let ending = |table: &str| {
        let lines: Vec<String> = table.trim_end().lines().map(str::to_owned).collect();
        lines[lines.len() - 3..].to_vec()
    };
    let lines = ending(&load.written().table);
    assert_eq!(lines[0], "25% of requests failed: error 25%");
    assert_eq!(lines[1], "valid: the generator kept to its schedule, and the figures add up");
    assert_eq!(lines[2], "errors>1% exceeded: 2,500 of 10,000 requests without a right reply, 25%");
    load.outcome.traffic.timestamps_out_of_order = 1;
    load.gates.clear();
    let lines = ending(&load.written().table);
    assert_eq!(lines[0], "INVALID: do not use these figures");
    assert!(lines[1].starts_with("  the check \"timestamps nest\" did not hold"), "{lines:?}");
    assert_eq!(lines[2], "25% of requests failed: error 25%");
}

#[test]
fn a_late_tail_marks_the_percentile_and_nothing_else() {
    let mut load = JudgedLoad::open();
    let lags = (0..10_000).map(|index| if index % 200 == 0 { 5_000 * US } else { US });
    load.outcome.traffic.schedule_lag = Some(record(lags));
    let Written { table, json, .. } = load.written();
    assert_eq!(row(&table, "response time"), "response time 100 µs 100 µs 100 µs 300 µs ? 300 µs 102 µs");
    assert!(table.contains("? tells more of the generator than of the server"), "{table}");
    assert_eq!((&json["response_time_ns"]["p99_9"]["doubtful"], &json["valid"]), (&true.into(), &true.into()));
    assert!(json["response_time_ns"]["p99"].get("doubtful").is_none());
    let warnings = json["warnings"].to_string();
    assert!(
        warnings.contains("p99.9 of the lag 5.00 ms") && warnings.contains("held up by this machine"),
        "{warnings}"
    );
}

#[test]
fn ticking_says_what_it_reads_times_by() {
    let load = JudgedLoad { pacing: Pacing::Ticking, ..JudgedLoad::open() };
    assert!(row(&load.written().table, "service time").starts_with("service time, on a 1 ms tick 100 µs"));
}

#[test]
fn rates_below_one_are_not_rounded_away() {
    let mut load = JudgedLoad::open();
    load.spec.arrivals = ArrivalProcess::Constant { rate_rps: 0.2 };
    let nothing = |_: HistogramRecord| record([100 * US; 2]);
    let traffic = &mut load.outcome.traffic;
    traffic.response_time = traffic.response_time.take().map(nothing);
    traffic.ledger = Ledger { scheduled: 2, ok: 2, ..Ledger::default() };
    traffic.ok_within_window = 2;
    let table = load.written().table;
    assert!(table.contains("offered 0.2/s, started 0.2/s, achieved 0.2/s"), "{table}");
}

#[test]
fn what_happened_to_the_machine_is_said_and_a_quota_on_the_generator_makes_it_invalid() {
    let (mut open, mut closed) = (JudgedLoad::open(), JudgedLoad::open().closed());
    for load in [&mut open, &mut closed] {
        load.machine.noise.max_hiccup_ns = Some(2_000_000_000);
        let (what, reason) = (Unobserved::GeneratorQuota, "its control group is gone".to_owned());
        load.machine.unobserved = vec![Warning::NotObserved { what, reason }];
        let Written { table, json, .. } = load.written();
        assert!(table.contains("a thread of the harness got its CPU 2 s late at worst"), "{table}");
        assert!(table.contains("could not be observed: its control group is gone"), "{table}");
        assert_eq!(json["valid"], true);
        load.machine.noise.generator_throttled = Some(Throttled { periods: 12, stopped_ns: 600_000_000 });
        let Written { table, json, .. } = load.written();
        assert!(
            table.contains("a CPU quota stopped the load generator in 12 periods, for 600 ms of CPU time in all"),
            "{table}"
        );
        assert_eq!(json["valid"], false);
    }
}
