//! The mistakes that the known answers must notice: what is written in which place of the sources, and which rows of
//! `harness selftest` it turns wrong.
//!
//! To add one, add an entry. `original` is an expression, or statements that bind no name, as it stands in its file, where
//! it occurs once. If it occurs more than once, write more of the text around it and put what is to be replaced between «
//! and ». `mutant` may use what is in scope there. In the mutated build that place reads
//! `if broken { mutant } else { original }`, so it can't be a pattern, a type or a constant. Must not know: how they are
//! put in place (`splice.rs`) and built (`build.rs`).

/// One mistake.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutation {
    /// By which it is chosen.
    pub(crate) name: &'static str,
    /// What it does, for a person.
    pub(crate) does: &'static str,
    /// The rows of `harness selftest` that it turns wrong, each of them.
    pub(crate) caught_by: &'static [&'static str],
    /// From the root of the workspace.
    pub(crate) file: &'static str,
    pub(crate) original: &'static str,
    pub(crate) mutant: &'static str,
}

pub(crate) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "clock-from-send",
        does: "response times begin when a request is sent, not when it was due",
        caught_by: &["stall"],
        file: "instruments/src/load/recorder.rs",
        original: "let response_time_ns = «answered.received_ns.saturating_sub(answered.intended_ns)»;",
        mutant: "answered.received_ns.saturating_sub(answered.sent_ns)",
    },
    Mutation {
        name: "dropped-timeouts",
        does: "requests that time out are left out of the histogram",
        caught_by: &["replies"],
        file: "instruments/src/load/recorder.rs",
        original: "self.response_time.record(self.timeout_ns);",
        mutant: "",
    },
    Mutation {
        name: "timer-in-tasks",
        does: "a task that calls the backend waits for a timer of the runtime too",
        caught_by: &["waits"],
        file: "servers/src/work/call.rs",
        original: "let answer = match «stream.write_all(&frame).await» {",
        mutant: "{ tokio::time::sleep(Duration::from_millis(1)).await; stream.write_all(&frame).await }",
    },
    Mutation {
        name: "averaged-percentiles",
        does: "percentiles of blocks are averaged instead of their histograms summed",
        caught_by: &["merging"],
        file: "reports/src/stats/quantile.rs",
        original: "std::collections::BTreeMap::<u64, u64>::new()",
        mutant: "
            let histograms: Vec<_> = histograms.into_iter().collect();
            let total: u64 = histograms.iter().map(|histogram| histogram.borrow().len()).sum();
            let mean_at = |rank: u64| {
                let quantile = rank as f64 / total as f64;
                let at = histograms.iter().map(|histogram| histogram.borrow().value_at_quantile(quantile));
                let sum: u64 = at.sum();
                sum / histograms.len() as u64
            };
            return Distribution { steps: (1..=total).map(|rank| (mean_at(rank), rank)).collect() };
        ",
    },
    Mutation {
        name: "lag-left-out",
        does: "a request counts as due when the generator comes to it, so its own lag is in no figure",
        caught_by: &["generator-stopped"],
        file: "instruments/src/load/worker.rs",
        original: "self.connections.take_up(arrival, now);",
        mutant: "
            let mut arrival = arrival;
            arrival.due_ns = now;
            self.connections.take_up(arrival, now);
        ",
    },
    Mutation {
        name: "swapped-labels",
        does: "a comparison takes one contender for the other",
        caught_by: &["slower"],
        file: "reports/src/verdict/mod.rs",
        original: "a.iter().filter_map(|(block, value)| Some((*value, *b.get(block)?))).collect()",
        mutant: "b.iter().filter_map(|(block, value)| Some((*value, *a.get(block)?))).collect()",
    },
    Mutation {
        name: "leader-only-counters",
        does: "context switches are those of the main thread, not of the whole process",
        caught_by: &["switches"],
        file: "harness/src/process/server_process.rs",
        original: "self.child.kill_and_reap()",
        mutant: r#"
            // What has ended and is not reaped yet still has a status.
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
            let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let mut usage = self.child.kill_and_reap();
            usage.voluntary_switches = switches.and_then(|count| count.trim().parse().ok()).unwrap_or_default();
            usage
        "#,
    },
    Mutation {
        name: "best-of-n",
        does: "a comparison takes each contender's best block",
        caught_by: &["same", "slower"],
        file: "reports/src/verdict/mod.rs",
        original: "paired_ratio(&paired(a, b))",
        mutant: "
            let pairs = paired(a, b);
            let best = |values: &mut dyn Iterator<Item = BlockValue>| {
                let numbers = values.filter_map(|value| match value {
                    BlockValue::Is(value) => Some(value),
                    BlockValue::Beyond(_) | BlockValue::Missing => None,
                });
                numbers.reduce(f64::min).map_or(BlockValue::Missing, BlockValue::Is)
            };
            let best_of_a = best(&mut pairs.iter().map(|pair| pair.0));
            let best_of_b = best(&mut pairs.iter().map(|pair| pair.1));
            paired_ratio(&vec![(best_of_a, best_of_b); pairs.len()])
        ",
    },
    Mutation {
        name: "forgotten-drops",
        does: "requests that were never sent are in no count",
        caught_by: &["ledger"],
        file: "instruments/src/load/recorder.rs",
        original: "*failure.count_in(&mut self.ledger) += requests;",
        mutant: "
            self.ledger.scheduled -= requests;
            return;
        ",
    },
    Mutation {
        name: "wrong-replies-counted",
        does: "a reply counts as right whatever it says",
        caught_by: &["replies"],
        file: "instruments/src/load/exchange/asked.rs",
        original: "heard(Meaning::Wrong(reason), consumed)",
        mutant: "
            let server_ns = self.server_times(server_received_ns, server_sent_ns);
            heard(Meaning::Right { server_ns, then }, consumed)
        ",
    },
    Mutation {
        name: "memory-over-n",
        does: "memory per connection is all memory over the number of connections",
        caught_by: &["memory"],
        file: "reports/src/stats/student.rs",
        original: "sxy / sxx",
        mutant: "points.last().map_or(0.0, |(x, y)| y / x)",
    },
    Mutation {
        name: "sockets-left-out",
        does: "memory leaves out what waits in socket buffers",
        caught_by: &["unread"],
        file: "instruments/src/observe/sockets.rs",
        original: "total + bytes",
        mutant: "0",
    },
    Mutation {
        name: "trusted-generator",
        does: "a generator that could not keep up is believed",
        caught_by: &["generator-overloaded"],
        file: "harness/src/run/validity.rs",
        original: "generator_doubts(usage, traffic)",
        mutant: "Vec::new()",
    },
    Mutation {
        name: "narrow-intervals",
        does: "intervals of percentiles are as wide as one standard error, and still called 95%",
        caught_by: &["intervals"],
        file: "reports/src/stats/quantile.rs",
        original: "Some((lower, upper.min(total)))",
        mutant: "
            let tail = 0.159;
            let lower = last_true(1, middle, |rank| below.cdf(rank - 1) <= tail);
            let upper = last_true(middle, total, |rank| below.cdf(rank - 1) < 1.0 - tail) + 1;
            Some((lower, upper.min(total)))
        ",
    },
    Mutation {
        name: "surplus-counted",
        does: "what follows a reply counts as the reply to the next request",
        caught_by: &["surplus"],
        file: "instruments/src/load/connection/requests.rs",
        original: "return self.on_wrong(index, MalformedReason::Surplus, &[rest], now)",
        mutant: "
            self.on_whole(index, &heard, was_delayed, &[&front[..front_bytes], bytes], now);
            if self.slots[index as usize].state == SlotState::Awaiting {
                self.on_reply(index, rest, now);
            }
            return;
        ",
    },
    Mutation {
        name: "silence-believed",
        does: "a load to which nobody answered is believed",
        caught_by: &["silence"],
        file: "harness/src/run/validity/load.rs",
        original: "is_silent.then_some(Warning::NothingRight)",
        mutant: "None",
    },
    Mutation {
        name: "cut-replies-counted",
        does: "a reply that ends before its length counts as right",
        caught_by: &["lengths"],
        file: "instruments/src/load/exchange/page.rs",
        original: "Heard::new(Meaning::Wrong(MalformedReason::CutShort), 0)",
        mutant: "
            let meaning = Meaning::Right { server_ns: None, then: Persistence::Close };
            Heard { meaning, consumed: 0, reply_bytes: 0, status: 200, server_waited_ns: None }
        ",
    },
    Mutation {
        name: "coarse-clock",
        does: "response times are read off a clock that ticks every 10 ms",
        caught_by: &["exponential", "trimodal"],
        file: "instruments/src/load/recorder.rs",
        original: "let response_time_ns = «answered.received_ns.saturating_sub(answered.intended_ns)»;",
        mutant: "answered.received_ns.saturating_sub(answered.intended_ns) / 10_000_000 * 10_000_000",
    },
    Mutation {
        name: "uniform-gaps",
        does: "requests are due after uniform gaps instead of exponential ones",
        caught_by: &["schedule"],
        file: "instruments/src/load/arrivals.rs",
        original: "mean_ns * unit",
        mutant: "mean_ns * 2.0 * (1.0 - (-unit).exp())",
    },
    Mutation {
        name: "kilobytes-of-1000",
        does: "the kernel's kilobytes are taken for 1,000 bytes",
        caught_by: &["proc-files"],
        file: "instruments/src/observe/proc_file.rs",
        original: "checked_mul(«1024»)",
        mutant: "1000",
    },
    Mutation {
        name: "one-thread-each",
        does: "a process counts as one thread",
        caught_by: &["threads"],
        file: "instruments/src/observe/process_reader.rs",
        original: "sample.threads += «status.threads»;",
        mutant: "1",
    },
    Mutation {
        name: "whole-seconds-of-cpu",
        does: "CPU time is read in whole seconds",
        caught_by: &["cpu"],
        file: "instruments/src/observe/process_reader.rs",
        original: "cpu_time(self.pid, self.extent)?.as_nanos() as u64",
        mutant: "cpu_time(self.pid, self.extent)?.as_secs() * 1_000_000_000",
    },
    Mutation {
        name: "connections-for-requests",
        does: "a server says how many connections it accepted where it is asked for requests",
        caught_by: &["inside"],
        file: "servers/src/snapshot.rs",
        original: "requests_done + requests_refused",
        mutant: "counters.accepted.get()",
    },
    Mutation {
        name: "any-difference-counts",
        does: "two that differ are called different, whether or not chance and noise explain it",
        caught_by: &["audit"],
        file: "reports/src/verdict/judge.rs",
        original: "p < LEVEL && ratio.apart() > floor.at(ratio.blocks)",
        mutant: "ratio.apart() > 1.0",
    },
    Mutation {
        name: "quota-believed",
        does: "a generator that a CPU quota stopped is believed",
        caught_by: &["quota"],
        file: "harness/src/run/validity.rs",
        original: "doubts.extend(throttled(noise.generator_throttled).map(Warning::GeneratorThrottled));",
        mutant: "",
    },
    Mutation {
        name: "unseen-is-quiet",
        does: "a machine of which nothing was seen is taken for a quiet one",
        caught_by: &["unseen"],
        file: "harness/src/run/validity.rs",
        original: "doubts.extend(unseen(cell));",
        mutant: "",
    },
    Mutation {
        name: "zeros-dropped",
        does: "blocks with a zero are left out of a ratio",
        caught_by: &["zeros"],
        file: "reports/src/verdict/mod.rs",
        original: "paired_ratio(&paired(a, b))",
        mutant: "
            let is_positive = |value: &BlockValue| matches!(value, BlockValue::Is(number) if *number > 0.0);
            let pairs = paired(a, b).into_iter().filter(|(a, b)| is_positive(a) && is_positive(b));
            paired_ratio(&pairs.collect::<Vec<_>>())
        ",
    },
    Mutation {
        name: "claims-without-interval",
        does: "a claim is decided by its mean, without an interval over blocks",
        caught_by: &["chance"],
        file: "reports/src/verdict/evidence.rs",
        original: "let (lo, hi) = «ratio.interval.ok_or_else(|| format!(\"{} was measured once only\", self.name()))?»;",
        mutant: "(ratio.value, ratio.value)",
    },
    Mutation {
        name: "normal-for-student",
        does: "ten blocks are judged as if there were a million",
        caught_by: &["audit"],
        file: "reports/src/stats/student.rs",
        original: "of(freedom).sf(t.abs())",
        mutant: "of(1e6).sf(t.abs())",
    },
    Mutation {
        name: "hiccups-ignored",
        does: "a thread that got its CPU late is in no doubt",
        caught_by: &["happened"],
        file: "harness/src/run/validity.rs",
        original: "doubts.extend(hiccup.map(|max_hiccup_ns| Warning::Hiccup { max_hiccup_ns, allowed_ns }));",
        mutant: "",
    },
    Mutation {
        name: "suspends-ignored",
        does: "a suspended machine is in no doubt",
        caught_by: &["happened"],
        file: "harness/src/run/validity.rs",
        original: "doubts.extend(suspended.map(|suspended_ns| Warning::Suspended { suspended_ns }));",
        mutant: "",
    },
    Mutation {
        name: "server-quota-ignored",
        does: "a server that a CPU quota stopped is in no doubt",
        caught_by: &["happened"],
        file: "harness/src/run/validity.rs",
        original: "doubts.extend(throttled(noise.server_throttled).map(Warning::ServerThrottled));",
        mutant: "",
    },
    Mutation {
        name: "others-ignored",
        does: "other programs on the machine are in no doubt",
        caught_by: &["happened"],
        file: "harness/src/run/validity.rs",
        original: "[others, stolen].into_iter()",
        mutant: "[None, stolen].into_iter()",
    },
    Mutation {
        name: "disturbed-blocks-decide",
        does: "a claim rests on blocks in which others used the machine",
        caught_by: &["chance"],
        file: "reports/src/verdict/evidence.rs",
        original: "disturbed_by(cell).map(|reason| reason.describe())",
        mutant: "None",
    },
];
