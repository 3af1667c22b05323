//! What is done to a server beside the requests that are measured: over the network against servers of known behaviour,
//! as whole cells against our own, and what is left of it all when things go wrong.
//!
//! Everything stays on loopback and is bounded by a few hundred connections and a second or two. Nothing in here
//! depends on how fast anything is.

mod bounds;
mod cells;
mod crowds;
mod fakes;
mod left_behind;
mod over_the_network;
mod trial;
