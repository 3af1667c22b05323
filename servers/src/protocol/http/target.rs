//! What a request's target names: `/echo/hi` or `/echo?parameter=hi`. Percent-encoding, both ways.

use std::borrow::Cow;

use memchr::memchr;

use crate::protocol::message::Fault;

/// What is wrong with a request, for the client to mend.
pub(super) type RequestFault = (Fault, String);

/// The work and its parameter, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestTarget<'a> {
    pub(super) work: Cow<'a, str>,
    /// None where the target has no place for it: it may stand in the body.
    pub(super) parameter: Option<Cow<'a, str>>,
}

/// Reads a target. A slash in the parameter stands for itself, as does a plus.
pub(super) fn read(target: &str) -> Result<RequestTarget<'_>, RequestFault> {
    let path = origin_form(target).ok_or_else(no_path)?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if path.is_empty() {
        return Err(no_path());
    }
    let (work, in_path) = match path.split_once('/') {
        Some((work, parameter)) => (work, Some(parameter)),
        None => (path, None),
    };
    let parameter = match (in_path, in_query(query)?) {
        (Some(_), Some(_)) => return Err(bad("the parameter stands in the path and in the query; give it once")),
        (in_path, in_query) => in_path.or(in_query),
    };
    Ok(RequestTarget { work: percent_decoded(work)?, parameter: parameter.map(percent_decoded).transpose()? })
}

/// Writes the target that names this work and parameter.
pub(super) fn write(work: &str, parameter: &str, out: &mut Vec<u8>) {
    for part in [work, parameter] {
        out.push(b'/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(byte);
            } else {
                percent_encode(byte, out);
            }
        }
    }
}

pub(super) fn percent_encode(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

/// What follows the slash at which the path begins. Clients of proxies put scheme and host before it.
fn origin_form(target: &str) -> Option<&str> {
    let path = match target.strip_prefix("http://") {
        Some(rest) => &rest[memchr(b'/', rest.as_bytes())?..],
        None => target,
    };
    path.strip_prefix('/')
}

fn in_query(query: &str) -> Result<Option<&str>, RequestFault> {
    match query.strip_prefix("parameter=") {
        Some(value) if !value.contains('&') => Ok(Some(value)),
        None if query.is_empty() => Ok(None),
        _ => Err(bad("the query takes one parameter and nothing else, as in /echo?parameter=hi; write & as %26")),
    }
}

/// Borrows where there is nothing to decode.
fn percent_decoded(text: &str) -> Result<Cow<'_, str>, RequestFault> {
    if memchr(b'%', text.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let byte = after.get(..2).and_then(hexadecimal);
            decoded.push(byte.ok_or_else(|| bad("a % is not followed by two hexadecimal digits; write % as %25"))?);
            rest = &after[2..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    let decoded = String::from_utf8(decoded);
    decoded.map(Cow::Owned).map_err(|_| bad("the target is not UTF-8 once its percent-encoding is undone"))
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    digits.iter().try_fold(0, |byte, next| Some(byte << 4 | digit(next)? as u8))
}

fn no_path() -> RequestFault {
    let remedy = "no work is named; name it in the path, as in /echo/hi, /sleep/5ms or /reply/1000";
    (Fault::UnknownWork, remedy.to_owned())
}

pub(super) fn bad(reason: &str) -> RequestFault {
    (Fault::BadRequest, reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(target: &str) -> (String, Option<String>) {
        let RequestTarget { work, parameter } = read(target).unwrap();
        (work.into_owned(), parameter.map(Cow::into_owned))
    }

    #[test]
    fn work_and_parameter_are_named() {
        let with = |work: &str, parameter: &str| (work.to_owned(), Some(parameter.to_owned()));
        assert_eq!(named("/echo/hi"), with("echo", "hi"));
        assert_eq!(named("/echo?parameter=hi"), with("echo", "hi"));
        assert_eq!(named("/echo/"), with("echo", ""));
        assert_eq!(named("/echo/?"), with("echo", ""));
        assert_eq!(named("/echo/a/b+c%2F%c3%B6%25"), with("echo", "a/b+c/ö%"));
        assert_eq!(named("/echo?parameter=a+b%26=?"), with("echo", "a+b&=?"));
        assert_eq!(named("http://127.0.0.1:80/sleep/5ms"), with("sleep", "5ms"));
        assert_eq!(named("/echo"), ("echo".to_owned(), None));
        assert_eq!(named("//"), with("", ""));
    }

    #[test]
    fn what_needs_no_decoding_is_borrowed() {
        let RequestTarget { work, parameter } = read("/echo/a+b").unwrap();
        assert!(matches!((work, parameter), (Cow::Borrowed(_), Some(Cow::Borrowed(_)))));
    }

    #[test]
    fn nonsense_is_refused_with_a_remedy() {
        let said = |target: &str| read(target).unwrap_err();
        for nowhere in ["/", "/?", "*", "http://host", "echo/hi", "/?parameter=hi"] {
            let (fault, reason) = said(nowhere);
            assert_eq!((fault, reason.contains("/echo/hi")), (Fault::UnknownWork, true), "{nowhere}");
        }
        for bad in ["/echo/%", "/echo/%2", "/echo/%zz", "/echo/%+1", "/%ff", "/echo?x", "/echo/a?parameter=b"] {
            assert_eq!(said(bad).0, Fault::BadRequest, "{bad}");
        }
        assert_eq!(said("/echo?parameter=1&parameter=2").0, Fault::BadRequest);
    }
}
