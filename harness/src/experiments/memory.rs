//! What a connection costs while nothing happens on it: connections are opened in stages, held, asked once, closed.

use super::declare::*;

pub(super) static EXPERIMENT: Experiment = Experiment {
    name: "memory",
    story: Story {
        title: "Memory of idle connections",
        claim: "A thread per connection is bounded by memory; tasks are not.",
        claimed_in: "the usual explanation of why threads do not scale to many connections",
        question: "How much memory does one more idle connection take, and which part of it would top not show?",
        finds_out: "what does one more idle connection cost?",
        possible_answers: &[
            "A thread takes its whole stack of 2 MiB; a task takes next to nothing.",
            "A thread takes some tens of KiB, half of it in the kernel; a task takes a KiB or two.",
            "Both are small beside the socket's own buffers.",
        ],
        look_at: "The slopes, not the heights: how much each further connection adds, and to which part. Kernel \
                  stacks and page tables belong to the process, though they are not in its resident size.",
        conditions: &[
            "Idle connections: a busy one also holds buffers and whatever its request needs.",
            "The socket itself costs the kernel some KiB more, the same for every model, and is not in these figures.",
            "The allocator and the size of the read buffer decide part of the result; both are the same for all \
             models.",
        ],
        pictures: || vec![memory_by_part()],
    },
    workloads: Cow::Borrowed(&[Workload::new(
        "held",
        "held connections",
        "Connections are opened in stages and held without a byte sent; at the last stage each asks for one \
         echo; then all are closed.",
        ("echo", "hi"),
    )]),
    recipe: Recipe { contenders: Contenders::OfTheRun, decision, tasks, ..Recipe::PLAIN },
};

fn tasks(sizes: &Sizes, _: &Capacities, _: &str) -> Vec<Task> {
    let workload = &EXPERIMENT.workloads[0];
    // Enough for a slope, and a check that it is one: what a connection costs does not depend on how many more there are.
    let counts = [32, 16, 8].map(|part| sizes.most_connections / part).to_vec();
    let hold = HoldSpec { counts, work: workload.work(), give_up_after: sizes.give_up_after };
    vec![workload.task("stages", TaskKind::Hold(hold))]
}

/// Bound by memory is who needs several times as much of it as a task for each further connection.
const SEVERAL: f64 = 5.0;

fn decision() -> Option<Decision> {
    let of = |contender| value("memory_per_connection", contender);
    by([at_least("a thread per connection", of(THREADS), times(SEVERAL, of(MULTI)))])
}
