//! The question that a search for a capacity answers, and the pictures of its run.
//!
//! Must not know: how the search goes. Beside it: `mod.rs`, which steers it.

use reports::record::{Picture, PictureKind, Scale, Swept};

use crate::plan::{Contenders, Experiment, Workload};

/// What the experiment is called.
pub const NAME: &str = "capacity";

/// What a client does.
pub const DESCRIPTION: &str = "Sessions arrive at random, each connects, asks ten times one after another, and closes.";

/// The experiment for a kind of work. It lives as long as the program, as the experiments of `compare` do.
pub fn experiment(workload: Workload) -> &'static Experiment {
    Box::leak(Box::new(Experiment {
        name: NAME,
        title: "Capacity under an objective",
        claim: "Async carries more load than threads.",
        claimed_in: "most answers to \"tokio or OS threads?\"",
        question: "How many requests per second can be offered before the response time breaks its promise?",
        possible_answers: &[
            "With async many times as many.",
            "Alike, until the work leaves the CPU idle and connections are many.",
        ],
        look_at: "How far right each line goes before it crosses the promised time. Loads differ from contender to \
                  contender, because each search goes its own way.",
        conditions: &[
            "Another objective has another answer: a looser one is bounded by capacity, a tighter one by stalls.",
            "Client and server share one machine, over loopback.",
        ],
        workloads: vec![workload].leak(),
        contenders: Contenders::OfTheRun,
        own_options: None,
        pictures: || Vec::new(),
        decision: || None,
        probes: |_| Vec::new(),
        tasks: |_, _, _| Vec::new(),
    }))
}

/// The pictures of a search: the percentile that was promised, and what a request costs.
pub fn pictures(metric: &str) -> Vec<Picture> {
    let picture = |id: &str, metric: &str| Picture {
        id: id.to_owned(),
        kind: PictureKind::Curve,
        workload: None,
        metrics: vec![metric.to_owned()],
        x: Swept::OfferedLoadRps,
        x_label: None,
        x_scale: Scale::Log,
        y_scale: Scale::Log,
    };
    vec![picture("response-time", metric), picture("cpu", "cpu_per_request")]
}
