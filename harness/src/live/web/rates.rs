//! How often somebody may ask: so many at once and so many a second, of one address and of all together.
//!
//! Must not know: what is asked. Beside it: `limits.rs`, how many connections and bytes; `room.rs`, which uses it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// So many at once, and so many more a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    pub(super) at_once: f64,
    pub(super) per_second: f64,
}

/// Addresses that are remembered: more than a room has phones.
const MOST_ADDRESSES: usize = 2_000;

/// What is left for each address, and for all.
#[derive(Debug)]
pub(super) struct Rates {
    of_one: Rate,
    of_all: Rate,
    left: Mutex<(Allowance, HashMap<IpAddr, Allowance>)>,
}

/// What is left, as of a moment.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    /// What is left now.
    fn now(self, rate: Rate, now: Instant) -> Allowance {
        let more = now.saturating_duration_since(self.at).as_secs_f64() * rate.per_second;
        Allowance { left: (self.left + more).min(rate.at_once), at: now }
    }

    fn less_one(self) -> Option<Allowance> {
        (self.left >= 1.0).then_some(Allowance { left: self.left - 1.0, ..self })
    }
}

impl Rates {
    pub(super) fn new(of_one: Rate, of_all: Rate, now: Instant) -> Rates {
        Rates { of_one, of_all, left: Mutex::new((Allowance { left: of_all.at_once, at: now }, HashMap::new())) }
    }

    /// Whether there is one left for this address, which then is used. Who has used up their own takes nothing from others.
    pub(super) fn admits(&self, from: IpAddr, now: Instant) -> bool {
        let (of_one, of_all) = (self.of_one, self.of_all);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, each) = &mut *left;
        if each.len() >= MOST_ADDRESSES && !each.contains_key(&from) {
            // Who has all of theirs left need not be remembered.
            each.retain(|_, one| one.now(of_one, now).left < of_one.at_once);
            if each.len() >= MOST_ADDRESSES {
                return false;
            }
        }
        let one = each.entry(from).or_insert(Allowance { left: of_one.at_once, at: now });
        let used = one.now(of_one, now).less_one().zip(all.now(of_all, now).less_one());
        let Some((one_left, all_left)) = used else { return false };
        (*one, *all) = (one_left, all_left);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn from(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn who_asks_too_often_waits_and_takes_nothing_from_others() {
        let now = Instant::now();
        let one = Rate { at_once: 3.0, per_second: 2.0 };
        let rates = Rates::new(one, Rate { at_once: 5.0, per_second: 1.0 }, now);
        let asked = |number: u32, after: f64| rates.admits(from(number), now + Duration::from_secs_f64(after));
        let first: Vec<bool> = (0..100).map(|_| asked(1, 0.0)).collect();
        assert_eq!(first.iter().filter(|admitted| **admitted).count(), 3);
        assert!(asked(2, 0.0) && asked(3, 0.0), "others have theirs");
        assert!(!asked(4, 0.0), "all together have had enough");
        assert!(asked(1, 1.0) && !asked(1, 1.0), "one a second more, for all");
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let now = Instant::now();
        let rate = Rate { at_once: 1.0, per_second: 1.0 };
        let all = Rate { at_once: 1e9, per_second: 1.0 };
        let rates = Rates::new(rate, all, now);
        let most = MOST_ADDRESSES as u32;
        assert!((0..most).all(|number| rates.admits(from(number), now)));
        assert!(!rates.admits(from(most), now), "nobody can be forgotten yet");
        assert!(rates.admits(from(most), now + Duration::from_secs(2)), "those have all of theirs again");
        assert_eq!(rates.left.lock().unwrap().1.len(), 1);
    }
}
