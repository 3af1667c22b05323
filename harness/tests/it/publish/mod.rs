//! `harness publish` as a person meets it: a folder that grows run by run, whose links lead somewhere and whose old
//! pages stay as they are; and what `harness report` writes for other tools.
//!
//! The runs are the fixtures of `reports`: nothing is measured here.

mod exports;
mod hostile;
mod refusals;
mod served;
mod site;
mod slides;
mod subject;
