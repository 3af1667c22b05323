//! What must hold in each exercise. A check sees counts of the harness and lower bounds of time; where a time decides, it is
//! held against what the same requests wait for, never against a figure of some machine.

use std::time::Duration;

use crate::drip::Drip;
use crate::stage::{CheckError, Finding, LoadFindings, ServerUnderCheck};

/// An exercise.
pub(crate) struct Exercise {
    /// Its crate.
    pub(crate) name: &'static str,
    /// What to do, in a line.
    pub(crate) task: &'static str,
    /// Where to go on.
    pub(crate) next: &'static str,
    pub(crate) check: fn(&ServerUnderCheck) -> Result<Vec<Finding>, CheckError>,
}

/// All of them, in the order in which a room takes them.
pub(crate) const EXERCISES: &[Exercise] = &[
    Exercise {
        name: "thread-pool",
        task: "write the thread pool",
        next: "harness lesson pool-and-fifth",
        check: thread_pool,
    },
    Exercise {
        name: "worker-panic",
        task: "keep a pool alive whose workers panic",
        next: "./check hidden-sleep",
        check: worker_panic,
    },
    Exercise {
        name: "hidden-sleep",
        task: "find the std::thread::sleep in the task",
        next: "harness lesson blocking-a-task",
        check: hidden_sleep,
    },
    Exercise {
        name: "frame-deadline",
        task: "put a deadline on the whole frame",
        next: "harness lesson silent-clients",
        check: frame_deadline,
    },
    Exercise {
        name: "bounded-connections",
        task: "bound the connections",
        next: "harness lesson connection-cost",
        check: bounded_connections,
    },
    Exercise {
        name: "long-computation",
        task: "move the computation off the runtime",
        next: "harness lesson computing-in-a-task",
        check: long_computation,
    },
    Exercise {
        name: "lock-across-await",
        task: "watch a server stop that holds a lock across .await, and mend it",
        next: "harness compare --experiments mutex",
        check: lock_across_await,
    },
];

/// Clients that come and go, one request each.
const COMING_AND_GOING: &str = "--arrivals sessions --requests-per-session 1 --warm-up 0s --timeout 4s --duration 1s";

fn thread_pool(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    let four = stage.load("-c 4 -n 4 --timeout 2s | sleep 20ms")?;
    let eight = stage.load("-c 8 -n 8 --timeout 2s | sleep 20ms")?;
    let coming = stage.load(&format!("{COMING_AND_GOING} --rate 20"))?;
    Ok(vec![
        Finding {
            fact: "Four clients that stay connected are all answered.".into(),
            seen: format!("{} of 4 were answered", four.ok()),
            holds: four.ok() == 4,
            think: "While a job runs, who takes the next connection from the listener? `execute` has to come back at once.",
        },
        Finding {
            fact: "Of eight that stay, four are answered: a pool has as many threads as it was given.".into(),
            seen: format!("{} of 8 were answered", eight.ok()),
            holds: eight.ok() == 4,
            think: "Fewer: does a worker hold the lock on the queue while it works? More: is there a thread for each job?",
        },
        all_answered(
            "Clients that come and go are all answered.",
            &coming,
            "What does a worker do when its first job has ended?",
        ),
    ])
}

fn worker_panic(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    let tripping = stage.load("-c 8 -n 8 --timeout 1s | sleep 0ms")?;
    let after = stage.load("-c 4 -n 4 --timeout 2s | sleep 20ms")?;
    Ok(vec![
        Finding {
            fact: "Nobody gets an answer who trips over the mistake.".into(),
            seen: format!("{} of {} were answered", tripping.ok(), tripping.scheduled()),
            holds: tripping.ok() == 0,
            think: "You have mended the one mistake that you know. Put it back: the next one will come as it did.",
        },
        Finding {
            fact: "After eight of those, four clients that stay are all answered.".into(),
            seen: format!("{} of 4 were answered", after.ok()),
            holds: after.ok() == 4,
            think: "A panic unwinds to the top of its thread. Who is left to take jobs? Does anybody notice?",
        },
    ])
}

fn hidden_sleep(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    let (requests, each) = (160, Duration::from_millis(20));
    let load = stage.load("-c 16 -n 160 --timeout 10s | sleep 20ms")?;
    let (lasted, sum, threads) = (load.lasted(), each * requests, stage.threads()?);
    Ok(vec![
        all_answered("Sixteen clients are answered.", &load, "Does every path of `look_up` come to its end?"),
        Finding {
            fact: "Clients wait at the same time, not one after the other.".into(),
            seen: format!("{requests} requests of {each:?} took {lasted:.1?}; one after the other they take {sum:.1?}"),
            holds: lasted < sum / 2,
            think: "A task gives its thread back at an .await and nowhere else. Which function waits without one?",
        },
        Finding {
            fact: "Each of them waits its time.".into(),
            seen: format!("half of them were answered after {:.1?} or more", load.median_service().unwrap_or_default()),
            holds: load.median_service().is_some_and(|median| median >= each * 9 / 10),
            think: "The wait stands for a slow store: keep it, and let the task wait.",
        },
        Finding {
            fact: "The server still has one thread.".into(),
            seen: format!("threads: {threads}"),
            holds: threads == 1,
            think: "It works, and takes a thread for each who waits. What would wait for a timer without one?",
        },
    ])
}

fn frame_deadline(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    const SEATS: usize = 32;
    let drip = Drip::begin(&stage.address, SEATS)?;
    let others = stage.load(&format!("{COMING_AND_GOING} --rate 20"))?;
    let sent_away = drip.end();
    Ok(vec![
        Finding {
            fact: "Who sends a byte now and then, and no whole request, is sent away.".into(),
            seen: format!("{sent_away} of {SEATS} were sent away"),
            holds: sent_away == SEATS,
            think: "Each byte comes in time. When does the time begin for which you wait?",
        },
        all_answered(
            "Everybody else is answered.",
            &others,
            "There are 32 seats. Who sits on them, and until when? More seats only take more slow clients.",
        ),
    ])
}

fn bounded_connections(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    let staying = stage.load("-c 100 -n 100 --timeout 2s | sleep 20ms")?;
    let coming = stage.load(&format!("{COMING_AND_GOING} --rate 100"))?;
    Ok(vec![
        Finding {
            fact: "Of a hundred clients that stay, 32 are served.".into(),
            seen: format!("{} of 100 were answered", staying.ok()),
            holds: staying.ok() == 32,
            think: "What must a client have before it is accepted? And if it is none of them: who gives back what it took?",
        },
        all_answered(
            "When they have gone, all who come and go are answered.",
            &coming,
            "Is every place given back, also where a connection breaks or the task returns early?",
        ),
    ])
}

fn long_computation(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    let each = Duration::from_secs(1);
    let computing = stage.begin_load("-c 2 -n 6 --timeout 30s | spin 1s")?;
    let echoes = stage.load("-c 4 --arrivals constant --rate 20 --duration 2s --warm-up 0s --timeout 10s")?;
    let computing = stage.end_load(computing)?;
    let waited = echoes.median_response();
    let computed = computing.median_service().unwrap_or_default();
    Ok(vec![
        all_answered("All computations are answered.", &computing, "Does the reply wait for the computation's end?"),
        Finding {
            fact: "A computation still takes its time.".into(),
            seen: format!("half of them took {computed:.2?} or more, of {each:?}"),
            holds: computed >= each * 9 / 10,
            think: "The reply has to wait for the result. What do you have to await?",
        },
        Finding {
            fact: "Half of the echoes beside them wait for less than a quarter of a computation.".into(),
            seen: waited.map_or("half of them or more were not answered".into(), |it| {
                format!("half of them waited {it:.1?} or more, beside computations of {each:?}")
            }),
            holds: waited.is_some_and(|waited| waited < each / 4),
            think: "The runtime's one thread computes. Who looks at the sockets meanwhile?",
        },
    ])
}

fn lock_across_await(stage: &ServerUnderCheck) -> Result<Vec<Finding>, CheckError> {
    let (requests, each) = (8, Duration::from_millis(50));
    let locking = stage.load("-c 8 -n 8 --timeout 2s | lock 50ms")?;
    let after = stage.load("-c 1 -n 4 --timeout 1s")?;
    let (lasted, sum) = (locking.lasted(), each * requests);
    let all = all_answered(
        "Eight clients that want the lock are answered.",
        &locking,
        "Who holds the lock, and what does it wait for? Who would have to run for that to happen, and where is it?",
    );
    let other = all_answered(
        "A client that wants no lock is answered too.",
        &after,
        "It does not want the lock. What does it want that everybody needs?",
    );
    if !all.holds {
        return Ok(vec![all, other]);
    }
    let in_turn = Finding {
        fact: "One at a time holds the lock.".into(),
        seen: format!("{requests} requests of {each:?} took {lasted:.0?}; one after the other they take {sum:.0?}"),
        holds: lasted >= sum,
        think: "Several held the lock at the same time. Is the guard still there when the wait begins?",
    };
    Ok(vec![all, other, in_turn])
}

/// Whether every request got its reply.
fn all_answered(fact: &str, load: &LoadFindings, think: &'static str) -> Finding {
    let (ok, scheduled) = (load.ok(), load.scheduled());
    Finding {
        fact: fact.into(),
        seen: format!("{ok} of {scheduled} requests were answered"),
        holds: ok == scheduled && scheduled > 0,
        think,
    }
}
