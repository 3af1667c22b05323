//! README.md, the guide and ARCHITECTURE.md say what is so: commands run, quoted lines are in the sources, paths exist, and
//! modules know nobody whom they must not know.

mod action;
mod arrows;
mod beside;
mod changelog;
mod commands;
mod formats;
mod handout;
mod licences;
mod manifests;
mod markdown;
mod pages;
mod paths;
mod picture;
mod quotes;
mod sentences;
mod servers;
mod shell;
mod supply_chain;
mod workshop;
