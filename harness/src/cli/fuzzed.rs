//! Properties of what is typed, and of a recording that is played: all of it is taken or refused in words, and what was taken
//! can be shown on a screen of any size.

use std::path::Path;
use std::sync::LazyLock;

use super::load::args::{duration, rate};
use super::load::judgement::gates::LoadGate;
use super::shell::settings::SettingsError;
use super::shell::settings_file::parsed;
use super::target::{TypedTarget, check_path, typed_work};
use super::{built_definition, capacity, contenders, protagonists, publish, servers, trace, watch};
use crate::live::frames_in;
use crate::plan::Workload;

/// The longest refusal. It may quote what was typed, and list what might have been.
const LONGEST_REFUSAL: usize = 4_000;

/// Each way to type something on the command line.
pub fn typed(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    refused_in_words(text, text.parse::<LoadGate>());
    refused_in_words(text, capacity::objective(text));
    refused_in_words(text, contenders::parse(Some(text)));
    refused_in_words(text, duration(text));
    refused_in_words(text, rate(text).map(|_| ()));
    refused_in_words(text, publish::web_address(text));
    refused_in_words(text, servers::command(text).map(|_| ()));
    refused_in_words(text, trace::window(text));
    refused_in_words(text, typed_work(text));
    refused_in_words(text, check_path(text));
    refused_in_words(text, protagonists::choose(Some(text), &["threaded", "async-multi"]));
    refused_in_words(text, settings(text));
    if let Some(target) = refused_in_words(text, TypedTarget::parse(text)) {
        let is_of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:%[]".contains(&byte);
        assert!(target.authority.bytes().all(is_of_a_host), "{target:?}");
        assert!(target.path.is_none_or(|path| path.starts_with('/')));
    }
    if let Some(workload) = refused_in_words(text, Workload::named(text, "")) {
        assert!(
            workload.key.len() <= 80 && workload.key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        );
    }
}

/// A settings file with this in it.
fn settings(text: &str) -> Result<(), SettingsError> {
    static DEFINITION: LazyLock<clap::Command> = LazyLock::new(built_definition);
    parsed(text, Path::new("harness.toml"), &DEFINITION).map(drop)
}

/// A recording: read, written and read again, and shown on a screen whose size the first two bytes say.
pub fn frames(bytes: &[u8]) {
    let Some(([width, height], recording)) = bytes.split_first_chunk() else { return };
    let path = Path::new("frames.jsonl");
    let Ok(frames) = frames_in(path, recording) else { return };
    let lines = frames.iter().map(|frame| serde_json::to_string(frame).expect("what was JSON is JSON again"));
    let written = ["{\"frames_version\":1}".to_owned()].into_iter().chain(lines).map(|line| line + "\n");
    let again = frames_in(path, written.collect::<String>().as_bytes()).expect("what was written can be read");
    assert!(again == frames, "{frames:?} comes back as {again:?}");
    watch::played_through(frames, (u16::from(*width), u16::from(*height)));
}

fn refused_in_words<T>(text: &str, taken: Result<T, impl std::fmt::Display>) -> Option<T> {
    match taken {
        Ok(taken) => Some(taken),
        Err(refusal) => {
            let words = refusal.to_string();
            assert!(!words.is_empty() && words.len() <= LONGEST_REFUSAL + 12 * text.len(), "{words}");
            None
        }
    }
}
