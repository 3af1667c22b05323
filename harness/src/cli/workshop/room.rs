//! The room: phones that vote on what the trainer asks, for the phones' page and for the trainer's.
//!
//! Asked by the threads that serve either, so nothing here waits. No phone sees what others say. Must not know: runs.
//! Beside it: `ballot.rs` (one vote), `invitation.rs` (how phones find here), `live/web/room.rs` (what is served to phones).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use reports::record::Confidence;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ballot::{Ballot, ROUNDS, Vote};
use super::desk::{read, refused};
use super::invitation::Invitation;
use crate::live::web::{DeskRefusal, PhoneLimits, Room, Voter};

/// The room of a workshop.
pub(super) struct VotingRoom {
    phones: PhoneLimits,
    invitation: OnceLock<Invitation>,
    votes: Mutex<Votes>,
}

/// What goes on in it.
#[derive(Debug, Default)]
struct Votes {
    ballot: Option<Ballot>,
    /// Votes that there have been, so that an answer that comes late counts for none of them.
    ballots: u64,
    /// Whether what was asked last is being run, or has been.
    is_run: bool,
    /// The phones that have voted, each with its first address.
    voters: HashMap<String, IpAddr>,
}

/// What a phone sends.
#[derive(Deserialize)]
struct ToldVote {
    ballot: u64,
    round: usize,
    chosen: usize,
    sure: Confidence,
}

impl VotingRoom {
    pub(super) fn new(phones: PhoneLimits) -> VotingRoom {
        VotingRoom { phones, invitation: OnceLock::new(), votes: Mutex::default() }
    }

    /// Says where phones find it. The first word counts.
    pub(super) fn invite(&self, invitation: Invitation) {
        let _ = self.invitation.set(invitation);
    }

    fn votes(&self) -> MutexGuard<'_, Votes> {
        // Every change leaves them whole, so a thread that panicked has spoilt nothing.
        self.votes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the trainer's page shows of it.
    pub(super) fn look(&self) -> Value {
        let votes = self.votes();
        let ballot = votes.ballot.as_ref().map(|ballot| {
            json!({
                "lesson": ballot.lesson.name,
                "question": ballot.asked.question,
                "answers": ballot.asked.answers,
                "open": ballot.is_open,
                "round": ballot.round(),
                "rounds": ROUNDS,
                "votes": ballot.votes(),
                "counts": ballot.counts(),
            })
        });
        let invitation = self.invitation.get();
        json!({
            "address": invitation.map(|it| &it.address),
            "qr": invitation.map(|it| &it.qr),
            "phones": votes.voters.len(),
            "ballot": ballot,
        })
    }

    /// A vote begins. What was asked before is given up.
    pub(super) fn ask(&self, ballot: Ballot) {
        let mut votes = self.votes();
        votes.ballots += 1;
        votes.is_run = false;
        votes.ballot = Some(ballot);
    }

    /// The round is over, and may be shown.
    ///
    /// # Errors
    /// Where there is none, or nobody has voted.
    pub(super) fn close(&self) -> Result<(), DeskRefusal> {
        let mut votes = self.votes();
        let ballot = votes.ballot.as_mut().ok_or_else(nothing_asked)?;
        if ballot.votes() == 0 {
            return Err(refused("nobody has voted yet; wait for the first answer"));
        }
        ballot.is_open = false;
        Ok(())
    }

    /// The next round begins.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn again(&self) -> Result<(), DeskRefusal> {
        let mut votes = self.votes();
        let ballot = votes.ballot.as_mut().ok_or_else(nothing_asked)?;
        let begun = ballot.again();
        begun.then_some(()).ok_or_else(|| refused("close this round first; after the second there is no other"))
    }

    /// Gives the vote away, for its run.
    ///
    /// # Errors
    /// Where there is none, or it is open.
    pub(super) fn settle(&self) -> Result<Ballot, DeskRefusal> {
        let mut votes = self.votes();
        if votes.ballot.as_ref().is_some_and(|ballot| ballot.is_open) {
            return Err(refused("close the vote first"));
        }
        let ballot = votes.ballot.take().ok_or_else(nothing_asked)?;
        votes.is_run = true;
        Ok(ballot)
    }

    fn take_in(&self, voter: &Voter, told: &str) -> Result<Value, DeskRefusal> {
        let told: ToldVote = read(told)?;
        let mut votes = self.votes();
        let Votes { ballot, ballots, voters, .. } = &mut *votes;
        let is_it = (told.ballot, told.round) == (*ballots, ballot.as_ref().map_or(0, Ballot::round));
        let open = ballot.as_mut().filter(|ballot| ballot.is_open && is_it);
        let ballot = open.ok_or_else(|| refused("this vote is closed; wait for the next question"))?;
        if told.chosen >= ballot.asked.answers.len() {
            return Err(refused("there is no such answer; reload the page"));
        }
        if !voters.contains_key(&voter.id) {
            let of_one = voters.values().filter(|from| **from == voter.from).count();
            if voters.len() >= self.phones.of_all as usize {
                return Err(DeskRefusal::TooMany("this room has all the phones it can take".to_owned()));
            }
            if of_one >= self.phones.of_one as usize {
                let why = "as many phones as may have voted from this address; the trainer can begin the workshop with \
                           more --phones-per-address";
                return Err(DeskRefusal::TooMany(why.to_owned()));
            }
            voters.insert(voter.id.clone(), voter.from);
        }
        ballot.vote(&voter.id, Vote { chosen: told.chosen, sure: told.sure });
        Ok(json!({}))
    }
}

impl Room for VotingRoom {
    fn now(&self, voter: Option<&str>) -> String {
        let votes = self.votes();
        let Some(ballot) = &votes.ballot else {
            return json!({ "phase": if votes.is_run { "run" } else { "waiting" } }).to_string();
        };
        let mine = voter.and_then(|voter| ballot.of(voter));
        json!({
            "phase": if ballot.is_open { "vote" } else { "closed" },
            "ballot": votes.ballots,
            "round": ballot.round(),
            "question": ballot.asked.question,
            "answers": ballot.asked.answers,
            "mine": mine.map(|Vote { chosen, sure }| json!({ "chosen": chosen, "sure": sure })),
        })
        .to_string()
    }

    fn vote(&self, voter: &Voter, told: &str) -> Result<String, DeskRefusal> {
        self.take_in(voter, told).map(|answer| answer.to_string())
    }
}

fn nothing_asked() -> DeskRefusal {
    refused("the room has been asked nothing; ask it first")
}

#[cfg(test)]
mod tests {
    use super::super::ballot::tests::ballot;
    use super::*;

    fn phone(number: u32) -> Voter {
        Voter { id: format!("{number:032x}"), from: IpAddr::from([10, 0, 0, 1]) }
    }

    fn told(ballot: u64, round: usize, chosen: usize) -> String {
        json!({ "ballot": ballot, "round": round, "chosen": chosen, "sure": "low" }).to_string()
    }

    #[test]
    fn a_vote_counts_for_what_is_asked_now_and_for_nothing_else() {
        let room = VotingRoom::new(PhoneLimits { of_one: 8, of_all: 100 });
        let vote = |told: &str| room.vote(&phone(1), told);
        assert!(vote(&told(0, 0, 0)).is_err(), "nothing is asked");
        assert!(room.now(None).contains("waiting"));
        room.ask(ballot());
        assert!(room.close().is_err() && room.settle().is_err(), "nobody has voted, and it is open");
        assert!(vote(&told(1, 1, 0)).is_ok());
        for wrong in [told(1, 1, 99), told(2, 1, 0), told(1, 2, 0), "hello".to_owned(), "{}".to_owned()] {
            assert!(vote(&wrong).is_err(), "{wrong}");
        }
        let now: Value = serde_json::from_str(&room.now(Some(&phone(1).id))).unwrap();
        assert_eq!((&now["phase"], &now["mine"]), (&json!("vote"), &json!({ "chosen": 0, "sure": "low" })));
        let others: Value = serde_json::from_str(&room.now(Some(&phone(2).id))).unwrap();
        assert_eq!((&others["mine"], others.get("counts")), (&Value::Null, None), "what others say is theirs");
        room.close().unwrap();
        assert!(vote(&told(1, 1, 1)).is_err(), "too late");
        room.again().unwrap();
        assert!(vote(&told(1, 1, 1)).is_err() && vote(&told(1, 2, 1)).is_ok());
        room.close().unwrap();
        assert_eq!(room.look()["ballot"]["counts"].as_array().unwrap().len(), 2);
        assert_eq!(room.settle().unwrap().predictions().len(), 1);
        assert!(room.now(None).contains("run"));
        room.ask(ballot());
        assert!(vote(&told(1, 1, 0)).is_err(), "that was the vote before");
    }

    #[test]
    fn phones_are_counted_at_each_address_and_in_all() {
        let room = VotingRoom::new(PhoneLimits { of_one: 2, of_all: 3 });
        room.ask(ballot());
        let refused = |voter: &Voter| matches!(room.vote(voter, &told(1, 1, 0)), Err(DeskRefusal::TooMany(_)));
        assert!(!refused(&phone(1)) && !refused(&phone(2)));
        assert!(refused(&phone(3)), "a third at this address");
        assert!(!refused(&phone(1)), "who has voted may change it");
        let elsewhere = |number| Voter { from: IpAddr::from([10, 0, 0, 2]), ..phone(number) };
        assert!(!refused(&elsewhere(4)) && refused(&elsewhere(5)), "and a fourth in all");
        assert_eq!(room.look()["phones"], json!(3));
    }
}
