//! Times as they are saved: a histogram in HdrHistogram V2, deflated, in base64, with what a reader wants at a glance.
//!
//! Decoding trusts nothing: the text may come from anybody. What the header claims is checked before any of it is
//! allocated. Must not know: files. Beside it: `soundness.rs` decodes every histogram of a run once, when it is read.

use std::io::{Cursor, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use super::RecordError;

const COMPRESSED_COOKIE: u32 = 0x1c84_9314;
const V2_COOKIE: u32 = 0x1c84_9313;
const V2_HEADER: usize = 40;
/// An hour, and a little: no request of a run takes longer, and it bounds the buckets of a histogram.
const GREATEST_VALUE_NS: u64 = 4_000_000_000_000;
const MOST_INFLATED_BYTES: u64 = 1 << 20;

/// A saved histogram. Values are nanoseconds, three significant digits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistogramRecord {
    /// Number of recorded values.
    pub count: u64,
    /// Sum of the recorded values before they were rounded to three digits, for means that add up.
    pub sum_ns: u64,
    /// HdrHistogram V2 with deflate, in base64.
    pub v2_deflate_base64: String,
}

impl HistogramRecord {
    /// Saves a histogram of nanoseconds. `sum_ns` is the sum of what was recorded, before rounding.
    pub fn from_histogram(histogram: &Histogram<u64>, sum_ns: u64) -> HistogramRecord {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(histogram, &mut bytes)
            .expect("counts stay below 2^63 and a Vec takes every byte");
        HistogramRecord { count: histogram.len(), sum_ns, v2_deflate_base64: STANDARD.encode(bytes) }
    }

    /// The histogram, or why the text does not hold one. At most 1 MiB is inflated, whatever the text claims.
    pub fn to_histogram(&self) -> Result<Histogram<u64>, RecordError> {
        let bytes =
            STANDARD.decode(&self.v2_deflate_base64).map_err(|error| refused(format!("it is not base64: {error}")))?;
        let inflated = inflate(&bytes)?;
        check_header(&inflated)?;
        check_counts(&inflated[V2_HEADER..])?;
        let histogram: Histogram<u64> =
            Deserializer::new().deserialize(&mut Cursor::new(&inflated)).map_err(|error| refused(error.to_string()))?;
        if histogram.len() != self.count {
            return Err(refused(format!("it holds {} values and its record says {}", histogram.len(), self.count)));
        }
        Ok(histogram)
    }

    /// Mean of the recorded values in nanoseconds; absent where there are none.
    pub fn mean_ns(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64)
    }
}

#[cfg(any(test, fuzzing))]
impl HistogramRecord {
    /// A record that claims to hold so many values and inflates to these bytes, whatever they are.
    pub(crate) fn deflated(inflated: &[u8], count: u64) -> HistogramRecord {
        const TO_MEMORY: &str = "writing to memory does not fail";
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut zlib, inflated).expect(TO_MEMORY);
        let body = zlib.finish().expect(TO_MEMORY);
        let bytes = [&COMPRESSED_COOKIE.to_be_bytes()[..], &(body.len() as u32).to_be_bytes(), &body].concat();
        HistogramRecord { count, sum_ns: count, v2_deflate_base64: STANDARD.encode(bytes) }
    }
}

fn refused(why: String) -> RecordError {
    RecordError::Histogram { why }
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn be_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at + 8)?;
    Some(u64::from_be_bytes(eight.try_into().ok()?))
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, RecordError> {
    if be_u32(bytes, 0) != Some(COMPRESSED_COOKIE) {
        return Err(refused("it does not begin as a deflated V2 histogram does".into()));
    }
    let claimed = be_u32(bytes, 4).map_or(0, |length| length as usize);
    let body = &bytes[8.min(bytes.len())..];
    if claimed != body.len() {
        return Err(refused(format!("its header claims {claimed} bytes and {} follow", body.len())));
    }
    let mut inflated = Vec::new();
    ZlibDecoder::new(body)
        .take(MOST_INFLATED_BYTES + 1)
        .read_to_end(&mut inflated)
        .map_err(|error| refused(format!("it does not inflate: {error}")))?;
    if inflated.len() as u64 > MOST_INFLATED_BYTES {
        return Err(refused(format!("it inflates to more than {MOST_INFLATED_BYTES} bytes")));
    }
    Ok(inflated)
}

fn check_header(inflated: &[u8]) -> Result<(), RecordError> {
    if be_u32(inflated, 0) != Some(V2_COOKIE) || inflated.len() < V2_HEADER {
        return Err(refused("what it inflates to is not a V2 histogram".into()));
    }
    let payload = be_u32(inflated, 4).map_or(0, |length| length as usize);
    if payload != inflated.len() - V2_HEADER {
        return Err(refused(format!(
            "its header claims {payload} bytes of counts and {} follow",
            inflated.len() - V2_HEADER
        )));
    }
    let digits = be_u32(inflated, 12).unwrap_or(u32::MAX);
    if digits > 3 {
        return Err(refused(format!("it claims {digits} significant digits, more than 3")));
    }
    let lowest = be_u64(inflated, 16).unwrap_or(0);
    let highest = be_u64(inflated, 24).unwrap_or(u64::MAX);
    if lowest == 0 || highest > GREATEST_VALUE_NS || lowest > highest / 2 {
        return Err(refused(format!("it claims values from {lowest} to {highest} ns, beyond an hour")));
    }
    Ok(())
}

/// Counts stand one after the other as numbers of one to nine bytes, of which the last bit is a sign: less than zero are so many
/// empty buckets. More of them than any histogram has would overflow where they are skipped.
fn check_counts(counts: &[u8]) -> Result<(), RecordError> {
    const MOST_EMPTY: u64 = u32::MAX as u64;
    let mut rest = counts;
    while !rest.is_empty() {
        let (mut number, mut length) = (0_u64, 0);
        while let Some(byte) = rest.get(length).filter(|_| length < 9) {
            // All bits of a ninth byte count.
            let (bits, is_last) = if length == 8 { (*byte, true) } else { (byte & 0x7f, byte & 0x80 == 0) };
            number |= u64::from(bits) << (7 * length);
            length += 1;
            if is_last {
                break;
            }
        }
        if number & 1 == 1 && number >> 1 >= MOST_EMPTY {
            return Err(refused("it claims more empty buckets than a histogram has".into()));
        }
        rest = &rest[length..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn sample() -> (Histogram<u64>, HistogramRecord) {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        for value in [1_000, 2_000, 2_000, 5_000_000, 1_000_000_000] {
            histogram.record(value).unwrap();
        }
        let record = HistogramRecord::from_histogram(&histogram, 1_005_005_000);
        (histogram, record)
    }

    fn with_count_0(inflated: &[u8]) -> HistogramRecord {
        HistogramRecord::deflated(inflated, 0)
    }

    fn header(payload: u32, digits: u32, highest: u64) -> Vec<u8> {
        let mut bytes = V2_COOKIE.to_be_bytes().to_vec();
        bytes.extend(payload.to_be_bytes());
        bytes.extend(0u32.to_be_bytes());
        bytes.extend(digits.to_be_bytes());
        bytes.extend(1u64.to_be_bytes());
        bytes.extend(highest.to_be_bytes());
        bytes.extend(1f64.to_be_bytes());
        bytes
    }

    #[test]
    fn comes_back_as_it_was() {
        let (histogram, record) = sample();
        assert_eq!(record.to_histogram().unwrap(), histogram);
        assert_eq!(record.count, 5);
        assert_eq!(record.mean_ns(), Some(201_001_000.0));
    }

    #[test]
    fn a_header_that_claims_gigabytes_is_refused_before_they_are_allocated() {
        for hostile in [header(3_800_000_000, 3, 60_000_000_000), header(0, 5, 1 << 40), header(0, 3, u64::MAX)] {
            let error = with_count_0(&hostile).to_histogram().unwrap_err().to_string();
            assert!(error.contains("claims"), "{error}");
        }
        assert!(with_count_0(&header(0, 3, 60_000_000_000)).to_histogram().is_ok());
    }

    #[test]
    fn more_empty_buckets_than_there_can_be_are_refused() {
        let mut hostile = header(9, 3, 60_000_000_000);
        hostile.extend([0xff; 9]);
        let error = with_count_0(&hostile).to_histogram().unwrap_err().to_string();
        assert!(error.contains("empty buckets"), "{error}");
    }

    #[test]
    fn a_deflate_bomb_is_cut_off() {
        let error = with_count_0(&vec![0; 1 << 24]).to_histogram().unwrap_err().to_string();
        assert!(error.contains("inflates to more than"), "{error}");
    }

    #[test]
    fn every_truncation_and_a_wrong_count_are_refused() {
        let (_, record) = sample();
        for length in 0..record.v2_deflate_base64.len() {
            let mut cut = record.clone();
            cut.v2_deflate_base64.truncate(length);
            assert!(cut.to_histogram().is_err(), "{length}");
        }
        let wrong = HistogramRecord { count: 6, ..record };
        assert!(wrong.to_histogram().is_err());
    }

    /// Bytes behind a sound header, with a count of their own.
    fn with_counts(counts: &[u8], count: u64) -> HistogramRecord {
        let mut bytes = header(counts.len() as u32, 3, 60_000_000_000);
        bytes.extend(counts);
        HistogramRecord::deflated(&bytes, count)
    }

    proptest! {
        #[test]
        fn any_histogram_comes_back(values in vec(1..GREATEST_VALUE_NS / 2, 0..200), count in 1..u64::from(u32::MAX)) {
            let mut histogram = Histogram::new_with_bounds(1, GREATEST_VALUE_NS, 3).unwrap();
            values.iter().for_each(|value| histogram.record_n(*value, count).unwrap());
            let record = HistogramRecord::from_histogram(&histogram, 0);
            prop_assert_eq!(record.to_histogram().unwrap(), histogram);
        }

        #[test]
        fn any_text_is_a_histogram_or_refused(text in ".{0,200}", count: u64) {
            let record = HistogramRecord { count, sum_ns: 0, v2_deflate_base64: text };
            prop_assert!(record.to_histogram().is_err());
        }

        #[test]
        fn any_counts_behind_a_sound_header_are_read_or_refused(counts in vec(any::<u8>(), 0..400), count in 0_u64..4) {
            let record = with_counts(&counts, count);
            if let Ok(histogram) = record.to_histogram() {
                prop_assert_eq!(histogram.len(), count);
            }
        }

        #[test]
        fn a_flipped_bit_is_read_or_refused(place: Index, bit in 0..8_u8) {
            let (_, record) = sample();
            let mut bytes = STANDARD.decode(&record.v2_deflate_base64).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let flipped = HistogramRecord { v2_deflate_base64: STANDARD.encode(bytes), ..record };
            if let Ok(histogram) = flipped.to_histogram() {
                prop_assert_eq!(histogram.len(), flipped.count);
            }
        }
    }
}
