//! How contenders are read and written, and what is complained of.

use servers::{Contender, MODELS};

fn complaint(text: &str) -> String {
    Contender::parse(text).unwrap_err().to_string()
}

#[test]
fn options_are_read_and_labels_have_one_spelling() {
    let contender = Contender::parse(" thread-pool : workers = 8, stack=65536 ").unwrap();
    assert_eq!(contender.label(), "thread-pool:stack=64KiB,workers=8");
    assert_eq!((contender.options.workers, contender.options.stack_bytes), (8, 65_536));
    assert_eq!(Contender::parse(contender.label()).unwrap().label(), contender.label());
    assert_eq!(Contender::parse("sequential").unwrap().to_string(), "sequential");
}

#[test]
fn resolved_options_are_all_and_only_those_of_the_model() {
    let resolved = |text: &str| Contender::parse(text).unwrap().resolved_options().into_iter().collect::<Vec<_>>();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        resolved("sequential:idle-timeout=2m"),
        [
            pair("backlog", "4096"),
            pair("frame-deadline", "off"),
            pair("idle-timeout", "120s"),
            pair("max-work", "off"),
            pair("read-buffer", "512"),
            pair("stretch", "100%"),
            pair("unread-timeout", "off"),
        ],
    );
    assert_eq!(
        resolved("rayon-pool:backlog=1"),
        [
            pair("backend-pool", "off"),
            pair("backlog", "1"),
            pair("drain", "off"),
            pair("frame-deadline", "off"),
            pair("idle-timeout", "off"),
            pair("max-connections", "off"),
            pair("max-work", "off"),
            pair("read-buffer", "512"),
            pair("stack", "2MiB"),
            pair("stretch", "100%"),
            pair("unread-timeout", "off"),
            pair("workers", "4"),
        ],
    );
}

#[test]
fn a_name_tells_the_same_server_apart() {
    let again = Contender::parse("thread-pool:workers=8 @ again").unwrap();
    let plain = Contender::parse("thread-pool:workers=8").unwrap();
    assert_eq!((again.label(), again.name()), ("thread-pool:workers=8@again", Some("again")));
    assert_eq!((&again.options, plain.name()), (&plain.options, None));
    assert_eq!(again.named("third").unwrap().label(), "thread-pool:workers=8@third");
    assert!(complaint("threaded@").contains("letters, digits and hyphens"));
    assert!(complaint("threaded@a@b").contains("\"@a@b\""));
}

#[test]
fn every_model_has_defaults_it_would_accept() {
    for model in MODELS {
        let contender = Contender::parse(model.name).unwrap();
        for (name, value) in contender.resolved_options() {
            let typed = Contender::parse(&format!("{}:{name}={value}", model.name)).unwrap();
            assert_eq!(typed.options, contender.options);
        }
    }
}

#[test]
fn complaints_name_the_remedy() {
    let models: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    assert_eq!(
        complaint("pool"),
        format!(
            "no model is called \"pool\"; did you mean thread-pool, rayon-pool or pool-per-request? models: {}",
            models.join(", ")
        )
    );
    assert_eq!(
        complaint("sequential:workers=2"),
        "sequential has no option \"workers\"; its options: backlog, frame-deadline, idle-timeout, max-work, read-buffer, stretch, unread-timeout"
    );
    assert_eq!(
        complaint("rayon-pool:64KiB"),
        "\"64KiB\" is not an option; write options as in rayon-pool:name=value,name=value, with the names \
         backend-pool, backlog, drain, frame-deadline, idle-timeout, max-connections, max-work, read-buffer, stack, stretch, \
         unread-timeout, workers",
    );
    assert_eq!(complaint("async-multi:workers=0"), "workers cannot be \"0\"; it takes a whole number from 1 to 4096",);
    assert_eq!(
        complaint("threaded:stack=1KiB"),
        "stack cannot be \"1KiB\"; it takes a size from 32KiB to 1024MiB, such as 64KiB",
    );
    assert_eq!(complaint("threaded:backlog=1,backlog=2"), "backlog is given twice; give it once");
    assert!(complaint("threaded:").contains("\"\" is not an option"));
}

#[test]
fn options_that_a_model_cannot_have_are_refused_with_those_it_has() {
    let refused = [
        ("sequential", &["max-connections=1", "mutex=std", "placement=inline", "spawn=builder", "stack=1MiB"][..]),
        ("threaded", &["mutex=std", "blocking-threads=1", "workers=1"]),
        ("thread-pool", &["mutex=std", "blocking-threads=1", "spawn=panicking"]),
        ("rayon-pool", &["mutex=std", "placement=rayon", "spawn=panicking"]),
        ("async-single", &["workers=2", "stack=1MiB", "spawn=panicking"]),
        ("async-multi", &["stack=1MiB", "spawn=panicking"]),
        ("async-per-core", &["accept=single", "max-connections=1", "stack=1MiB"]),
    ];
    for (model, options) in refused {
        let keys = MODELS.iter().find(|known| known.name == model).unwrap().options();
        let known = keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
        for option in options {
            let complaint = complaint(&format!("{model}:{option}"));
            assert!(complaint.ends_with(&format!("its options: {known}")), "{complaint}");
        }
    }
}

#[test]
fn values_that_a_model_cannot_have_are_refused_with_those_it_takes() {
    assert_eq!(
        complaint("async-single:placement=block-in-place"),
        "placement cannot be \"block-in-place\"; it takes inline, yielding, spawn-blocking or rayon \
         (block-in-place would panic: it needs a runtime with workers, such as async-multi)",
    );
    let expected = [
        ("threaded:placement=yielding", "inline or rayon"),
        ("async-multi:placement=threads", "inline, yielding, spawn-blocking, block-in-place or rayon"),
        ("async-multi:mutex=parking-lot", "tokio, std or std-across-await"),
        ("sequential:idle-timeout=5", "a time from 1ms to 3600s, such as 5s or 250ms, or off"),
        ("sequential:frame-deadline=0s", "a time from 1ms to 3600s, such as 5s or 250ms, or off"),
        ("thread-pool:max-connections=0", "a whole number from 1 to 1000000, or off"),
        ("async-single:blocking-threads=0", "a whole number from 1 to 16384"),
        ("threaded:spawn=unwrap", "builder or panicking"),
        ("async-multi:accept=many", "single or reuseport"),
    ];
    for (contender, expected) in expected {
        assert!(complaint(contender).ends_with(&format!("; it takes {expected}")), "{}", complaint(contender));
    }
}

#[test]
fn a_limit_of_several_accept_loops_is_refused() {
    for contender in ["threaded:accept=reuseport,max-connections=9", "async-multi:max-connections=9,accept=reuseport"] {
        assert!(complaint(contender).ends_with("leave one of them out"), "{}", complaint(contender));
    }
    Contender::parse("threaded:accept=reuseport,max-connections=off").unwrap();
}
