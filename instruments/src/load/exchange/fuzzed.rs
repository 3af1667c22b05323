//! Properties of how replies are heard: what they come to does not depend on how their bytes were cut, and the short ways
//! (a remembered reply, a template) come to what the long ones do.

use std::net::SocketAddr;

use servers::protocol::{Wire, WireFormat};

use super::asked::AskedExchange;
use super::heard::{Heard, Hearing, Meaning, digits};
use super::page::PageExchange;
use crate::load::PageRequest;

/// Where nobody is asked.
const TARGET: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 80);

/// A page of any HTTP server: heard in one piece, in several, and once more where it was heard before.
pub fn pages(bytes: &[u8]) {
    let page = PageExchange::new(&PageRequest::get("/"), TARGET);
    let in_one = page_in_pieces(&mut page.clone(), bytes, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(page_in_pieces(&mut page.clone(), bytes, piece), in_one, "in pieces of {piece}");
    }
    let Some((first, _)) = in_one else { return };
    if !matches!(first, Meaning::Right { .. }) {
        return;
    }
    // Whatever is remembered of the first reply, it is heard as often as it comes.
    let mut remembering = page;
    for piece in [usize::MAX, usize::MAX, 1, 7] {
        assert_eq!(page_in_pieces(&mut remembering, bytes, piece), in_one, "again, in pieces of {piece}");
    }
}

/// What it comes to and how many bytes of it; nothing where what is wrong with it may be seen sooner or later.
fn page_in_pieces(page: &mut PageExchange, bytes: &[u8], piece: usize) -> Option<(Meaning, u64)> {
    let mut hearing = Hearing::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let front = &rest[..rest.len().min(piece)];
        let heard = page.hear(&mut hearing, front);
        assert!(heard.consumed <= front.len() && hearing.kept.len() <= bytes.len());
        match heard.meaning {
            Meaning::Incomplete => {
                assert_eq!(heard.consumed, front.len(), "what is left over belongs to the same reply")
            }
            Meaning::Wrong(_) => return None,
            meaning => return Some((meaning, heard.reply_bytes)),
        }
        rest = &rest[front.len()..];
    }
    let Heard { meaning, reply_bytes, .. } = PageExchange::end(&hearing);
    if hearing.is_fresh() || matches!(meaning, Meaning::Wrong(_)) { None } else { Some((meaning, reply_bytes)) }
}

/// The reply of one of our own servers, over either wire, to the request that the harness sent.
pub fn replies(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let wire = Wire::ALL[usize::from(*first) % Wire::ALL.len()];
    let timestamp = digits(17);
    let asked = AskedExchange::new(wire, "echo", "hi", "hi".to_owned());
    let in_one = asked.hear(&mut Vec::new(), bytes, &timestamp);
    if in_one.meaning == Meaning::Incomplete {
        assert_eq!(in_one.consumed, bytes.len());
    } else {
        assert!(in_one.consumed <= bytes.len());
    }
    for piece in [1, 11] {
        let mut kept = Vec::new();
        let mut consumed = 0;
        for front in bytes.chunks(piece) {
            let heard = asked.hear(&mut kept, front, &timestamp);
            consumed += heard.consumed;
            match heard.meaning {
                Meaning::Incomplete => continue,
                Meaning::Wrong(_) => assert!(matches!(in_one.meaning, Meaning::Wrong(_)), "{heard:?}, {in_one:?}"),
                meaning => assert_eq!((meaning, consumed), (in_one.meaning, in_one.consumed), "in pieces of {piece}"),
            }
            return;
        }
    }
    if let Meaning::Right { .. } = in_one.meaning {
        assert!(matches!(wire.decode_response(bytes), servers::protocol::Decoded::Message { .. }));
    }
}
