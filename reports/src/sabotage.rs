//! Breaking the harness on purpose, so that its known answers can be seen to notice.
//!
//! A check that nothing can turn red proves nothing. Each breakage here is a mistake that published tools have made, and
//! stands at its natural place in the code as a question to [`is`]. Without the cargo feature `sabotage`, which nothing
//! turns on but the test of the breakages, the answer is the constant `false` and the compiler leaves all of it out.
//! It lives here because both packages that measure and conclude can see it. Must not know: where it is asked, or who
//! chose.

/// A way in which the harness can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Response times begin when a request is sent, not when it was due.
    ClockFromSend,
    /// Requests that time out are left out of the histogram.
    DroppedTimeouts,
    /// Percentiles of blocks are averaged instead of their histograms summed.
    AveragedPercentiles,
    /// A request counts as due when the generator comes to it, so its own lag is in no figure.
    LagLeftOut,
    /// A comparison takes one contender for the other.
    SwappedLabels,
    /// Context switches are those of the main thread, not of the whole process.
    LeaderOnlyCounters,
    /// A comparison takes each contender's best block.
    BestOfN,
    /// Requests that were never sent are in no count.
    ForgottenDrops,
    /// A reply counts as right whatever it says.
    WrongRepliesCounted,
    /// Memory per connection is all memory over the number of connections.
    MemoryOverN,
    /// Memory leaves out what waits in socket buffers.
    SocketsLeftOut,
    /// A generator that could not keep up is believed.
    TrustedGenerator,
    /// Intervals of percentiles are as wide as one standard error, and still called 95%.
    NarrowIntervals,
    /// What follows a reply counts as the reply to the next request.
    SurplusCounted,
    /// A load to which nobody answered is believed.
    SilenceBelieved,
    /// A reply that ends before its length counts as right.
    CutRepliesCounted,
}

impl Sabotage {
    /// Every breakage.
    pub const ALL: &[Sabotage] = &[
        Sabotage::ClockFromSend,
        Sabotage::DroppedTimeouts,
        Sabotage::AveragedPercentiles,
        Sabotage::LagLeftOut,
        Sabotage::SwappedLabels,
        Sabotage::LeaderOnlyCounters,
        Sabotage::BestOfN,
        Sabotage::ForgottenDrops,
        Sabotage::WrongRepliesCounted,
        Sabotage::MemoryOverN,
        Sabotage::SocketsLeftOut,
        Sabotage::TrustedGenerator,
        Sabotage::NarrowIntervals,
        Sabotage::SurplusCounted,
        Sabotage::SilenceBelieved,
        Sabotage::CutRepliesCounted,
    ];

    /// What a person calls it, `clock-from-send`.
    pub fn name(self) -> &'static str {
        match self {
            Sabotage::ClockFromSend => "clock-from-send",
            Sabotage::DroppedTimeouts => "dropped-timeouts",
            Sabotage::AveragedPercentiles => "averaged-percentiles",
            Sabotage::LagLeftOut => "lag-left-out",
            Sabotage::SwappedLabels => "swapped-labels",
            Sabotage::LeaderOnlyCounters => "leader-only-counters",
            Sabotage::BestOfN => "best-of-n",
            Sabotage::ForgottenDrops => "forgotten-drops",
            Sabotage::WrongRepliesCounted => "wrong-replies-counted",
            Sabotage::MemoryOverN => "memory-over-n",
            Sabotage::SocketsLeftOut => "sockets-left-out",
            Sabotage::TrustedGenerator => "trusted-generator",
            Sabotage::NarrowIntervals => "narrow-intervals",
            Sabotage::SurplusCounted => "surplus-counted",
            Sabotage::SilenceBelieved => "silence-believed",
            Sabotage::CutRepliesCounted => "cut-replies-counted",
        }
    }

    /// The breakage of this name.
    pub fn named(name: &str) -> Option<Sabotage> {
        Sabotage::ALL.iter().copied().find(|sabotage| sabotage.name() == name)
    }
}

#[cfg(feature = "sabotage")]
static CHOSEN: std::sync::OnceLock<Sabotage> = std::sync::OnceLock::new();

/// Breaks this process from now on. The first choice stays.
#[cfg(feature = "sabotage")]
pub fn choose(sabotage: Sabotage) {
    let _ = CHOSEN.set(sabotage);
}

/// Whether the harness is broken in this way.
#[cfg(feature = "sabotage")]
pub fn is(sabotage: Sabotage) -> bool {
    CHOSEN.get() == Some(&sabotage)
}

/// Whether the harness is broken in this way: never, in a build without the feature.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub const fn is(_: Sabotage) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for sabotage in Sabotage::ALL {
            assert_eq!(Sabotage::named(sabotage.name()), Some(*sabotage));
        }
        assert_eq!(Sabotage::named("none"), None);
    }

    #[test]
    fn nothing_is_broken_unless_chosen() {
        assert!(Sabotage::ALL.iter().all(|sabotage| !is(*sabotage)));
    }
}
