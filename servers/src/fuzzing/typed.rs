//! Properties of what a person or a client spells: contenders with their options, and work.

use std::borrow::Cow;

use crate::Contender;
use crate::backend::{BackendCall, CALL_FRAME_BYTES};
use crate::protocol::MAX_RESULT_BYTES;
use crate::service::{MAX_WORK_DURATION, WorkOrder, decide};

/// A contender with its options: its label names the same contender again, in the same spelling.
pub fn contenders(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Contender::parse(text) {
        Ok(contender) => {
            let again = Contender::parse(contender.label()).expect("a label is a contender as it may be typed");
            assert_eq!(again.label(), contender.label());
            assert_eq!((again.name(), again.bare_label()), (contender.name(), contender.bare_label()));
            assert_eq!(again.resolved_options(), contender.resolved_options());
            let typed: Vec<String> = contender.resolved_options().iter().map(|(k, v)| format!("{k}={v}")).collect();
            // All options of a model together may contradict each other, and one at a time never.
            for option in typed {
                let one = format!("{}:{option}", contender.model.name);
                Contender::parse(&one).expect("what an option says of itself can be typed");
            }
        }
        Err(error) => assert!(error.to_string().len() <= 2_000 + 2 * text.len()),
    }
}

/// The work that a request names, and a call to a backend: a line with its name and one with its parameter.
pub fn work(bytes: &[u8]) {
    if let Some(frame) = bytes.first_chunk::<CALL_FRAME_BYTES>()
        && let Some(call) = BackendCall::from_request(frame)
    {
        assert_eq!(call.request(), *frame);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (name, parameter) = text.split_once([' ', '\n']).unwrap_or((text, ""));
    match decide(name, Cow::Borrowed(parameter)) {
        Ok(WorkOrder::Echo(result)) => assert_eq!(result, parameter),
        Ok(WorkOrder::Reply(bytes)) => assert!(bytes <= MAX_RESULT_BYTES),
        Ok(order) => {
            let (WorkOrder::Call(duration)
            | WorkOrder::Sleep(duration)
            | WorkOrder::Block(duration)
            | WorkOrder::Spin(duration)
            | WorkOrder::Lock(duration)) = order.clone().stretched(100)
            else {
                panic!("{order:?} takes no time");
            };
            assert!(duration <= MAX_WORK_DURATION);
            let longest = order.stretched(1_000);
            assert!(longest != WorkOrder::Reply(0));
        }
        Err(refusal) => assert!(refusal.to_string().len() < 400, "{refusal}"),
    }
}
