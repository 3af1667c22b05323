//! A vote of a room on one question, in two rounds: before a discussion and after it.
//!
//! Must not know: who asks, sockets, how a vote is shown. Beside it: `room.rs`, which keeps the one that is open.

use std::collections::BTreeMap;

use reports::record::{Confidence, EarlierAnswer, PredictionRecord};

use crate::workshop::lesson::{Lesson, LessonSettings};

/// The most rounds: before the discussion, and after it.
pub(super) const ROUNDS: usize = 2;

/// What a phone has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vote {
    pub(super) chosen: usize,
    pub(super) sure: Confidence,
}

/// A question, and what the phones have said to it.
#[derive(Debug)]
pub(super) struct Ballot {
    pub(super) lesson: &'static Lesson,
    pub(super) settings: LessonSettings,
    /// What each phone would be asked in a record, with an answer that means nothing.
    pub(super) asked: PredictionRecord,
    /// Whether votes are taken.
    pub(super) is_open: bool,
    /// By the phones' random numbers, which are in no order of their coming. One for each round that has begun.
    rounds: Vec<BTreeMap<String, Vote>>,
}

impl Ballot {
    /// The first round begins. `asked` has the question as it is set.
    pub(super) fn open(lesson: &'static Lesson, settings: LessonSettings, asked: PredictionRecord) -> Ballot {
        Ballot { lesson, settings, asked, is_open: true, rounds: vec![BTreeMap::new()] }
    }

    /// The round that goes on, or was the last, from 1.
    pub(super) fn round(&self) -> usize {
        self.rounds.len()
    }

    /// The next round begins; false where there has been the last.
    pub(super) fn again(&mut self) -> bool {
        let may = !self.is_open && self.rounds.len() < ROUNDS;
        if may {
            self.rounds.push(BTreeMap::new());
            self.is_open = true;
        }
        may
    }

    /// Takes in a vote of this round. A second one of the same phone takes the place of its first.
    pub(super) fn vote(&mut self, voter: &str, vote: Vote) {
        if let Some(round) = self.rounds.last_mut() {
            round.insert(voter.to_owned(), vote);
        }
    }

    /// What a phone has said in this round.
    pub(super) fn of(&self, voter: &str) -> Option<Vote> {
        self.rounds.last()?.get(voter).copied()
    }

    /// Phones that have said something in this round.
    pub(super) fn votes(&self) -> usize {
        self.rounds.last().map_or(0, BTreeMap::len)
    }

    /// How often each answer was chosen, in each round that is over. What is open is shown to nobody, or people would
    /// follow each other.
    pub(super) fn counts(&self) -> Vec<Vec<u32>> {
        let over = self.rounds.len() - usize::from(self.is_open);
        let count = |round: &BTreeMap<String, Vote>| {
            let mut counts = vec![0; self.asked.answers.len()];
            round.values().filter_map(|vote| counts.get_mut(vote.chosen).map(|count| *count += 1)).count();
            counts
        };
        self.rounds[..over].iter().map(count).collect()
    }

    /// A prediction for each phone: what it said last and, where it voted before and after the discussion, what it said first.
    pub(super) fn predictions(&self) -> Vec<PredictionRecord> {
        let mut last: BTreeMap<&String, (Vote, Option<Vote>)> = BTreeMap::new();
        for (voter, vote) in self.rounds.iter().flatten() {
            let before = last.get(voter).map(|(before, _)| *before);
            last.insert(voter, (*vote, before));
        }
        let prediction = |(vote, before): (Vote, Option<Vote>)| PredictionRecord {
            chosen: vote.chosen,
            confidence: vote.sure,
            before: before.map(|Vote { chosen, sure }| EarlierAnswer { chosen, confidence: sure }),
            ..self.asked.clone()
        };
        last.into_values().map(prediction).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::lesson::predicted;
    use crate::workshop::LESSONS;

    pub(in crate::cli::workshop) fn ballot() -> Ballot {
        let lesson = LESSONS[0];
        let settings = LessonSettings::usual(lesson.controls);
        let setup = (lesson.setup)(&settings);
        let asked = predicted(lesson, &settings, &setup, (0, Confidence::Low));
        Ballot::open(lesson, settings, asked)
    }

    fn vote(chosen: usize) -> Vote {
        Vote { chosen, sure: Confidence::High }
    }

    #[test]
    fn a_second_vote_of_a_phone_takes_the_place_of_its_first() {
        let mut ballot = ballot();
        ballot.vote("a", vote(0));
        ballot.vote("a", vote(1));
        ballot.vote("b", vote(1));
        assert_eq!((ballot.votes(), ballot.of("a")), (2, Some(vote(1))));
        assert_eq!(ballot.counts(), Vec::<Vec<u32>>::new(), "nobody sees it before it is closed");
        ballot.is_open = false;
        assert_eq!(ballot.counts()[0][..2], [0, 2]);
    }

    #[test]
    fn what_was_said_before_the_discussion_stays_beside_what_was_said_after_it() {
        let mut ballot = ballot();
        ballot.vote("a", vote(0));
        ballot.vote("gone", vote(0));
        assert!(!ballot.again(), "the first round still goes on");
        ballot.is_open = false;
        assert!(ballot.again());
        ballot.vote("a", vote(1));
        ballot.vote("late", vote(1));
        ballot.is_open = false;
        assert!(!ballot.again(), "there are two rounds");
        let said: Vec<_> =
            ballot.predictions().iter().map(|one| (one.chosen, one.before.map(|before| before.chosen))).collect();
        assert_eq!(said, [(1, Some(0)), (0, None), (1, None)], "a, gone, late");
        assert_eq!(ballot.counts().iter().map(|counts| counts[..2].to_vec()).collect::<Vec<_>>(), [[2, 0], [0, 2]]);
    }
}
