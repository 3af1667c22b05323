//! What a page shows of a run, each thing in its latest form only, and what a scraper is given.
//!
//! Must not know: who reads. Beside it: `event.rs`, what it is made from.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::event::{DrawnPieces, PageEvent};
use super::metrics::MetricTotals;
use crate::live::Frame;

/// Frames that a page that comes late still gets: half a minute of four a second.
const MOST_FRAMES: usize = 120;

/// Something that a page shows, in its latest form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// What kind of event it is to a browser.
    pub(super) kind: NoteKind,
    /// The picture's anchor, the frame's time or the thing of a workshop; empty where there is one of the kind only.
    key: String,
    /// JSON.
    pub(super) data: String,
    version: u64,
}

/// The kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoteKind {
    /// How far the run is.
    State,
    /// The anchors of all pictures, in order.
    Pictures,
    /// One picture.
    Picture,
    /// What can be said so far.
    Sentences,
    /// Servers at one moment; the one kind of which those before are kept too.
    Frame,
    /// Something of a workshop.
    Desk,
    /// The last one: the run is over.
    End,
}

impl NoteKind {
    /// Its name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            NoteKind::State => "state",
            NoteKind::Pictures => "pictures",
            NoteKind::Picture => "picture",
            NoteKind::Sentences => "sentences",
            NoteKind::Frame => "frame",
            NoteKind::Desk => "desk",
            NoteKind::End => "end",
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Default, Serialize)]
struct RunState {
    /// Cells that have ended.
    ended: u32,
    /// Cells there will be.
    cells: usize,
    /// Seconds left, when this was said.
    left_s: u64,
    /// What is being measured.
    now: String,
}

/// Everything that is known of a run.
#[derive(Debug)]
pub(super) struct PageNotes {
    notes: Vec<Note>,
    version: u64,
    state: RunState,
    expected_end: Option<Instant>,
    totals: MetricTotals,
    /// The totals as a scraper reads them, made when they change: while a cell is measured nothing is computed.
    metrics: String,
    report: Option<PathBuf>,
}

impl PageNotes {
    pub(super) fn new() -> PageNotes {
        let totals = MetricTotals::default();
        let metrics = totals.exposition();
        let state = RunState::default();
        PageNotes { notes: Vec::new(), version: 0, state, expected_end: None, totals, metrics, report: None }
    }

    /// Counts up with every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The metrics in OpenMetrics text.
    pub(super) fn metrics(&self) -> &str {
        &self.metrics
    }

    /// The report's file, once the run is over.
    pub(super) fn report(&self) -> Option<&Path> {
        self.report.as_deref()
    }

    /// Those that are newer than a version, in the order in which they were last written.
    pub(super) fn since(&self, version: u64) -> VecDeque<Note> {
        let mut notes: Vec<Note> = self.notes.iter().filter(|note| note.version > version).cloned().collect();
        notes.sort_by_key(|note| note.version);
        notes.into()
    }

    /// Takes in what has happened at a moment.
    pub(super) fn take_in(&mut self, event: PageEvent, now: Instant) {
        match event {
            PageEvent::Planned { cells, time } => {
                self.state.cells = cells;
                self.expected_end = Some(now + time);
                self.totals.planned = Some(cells);
            }
            PageEvent::Begins { order, what } => {
                self.state.ended = order;
                self.state.now = what;
            }
            PageEvent::Ended(cell) => {
                self.state.ended += 1;
                self.totals.add(&cell);
            }
            PageEvent::Drawn(drawn) => self.redraw(drawn),
            PageEvent::Desk { what, now } => return self.put(NoteKind::Desk, what, &(what, now)),
            PageEvent::Frame(frame) => return self.append(*frame),
            PageEvent::Finished { ending, report } => return self.finish(&ending, &report),
        }
        let left = self.expected_end.map_or(Duration::ZERO, |end| end.saturating_duration_since(now));
        self.state.left_s = left.as_secs();
        let state = self.state.clone();
        self.put(NoteKind::State, "", &state);
        self.metrics = self.totals.exposition();
    }

    fn redraw(&mut self, DrawnPieces { pictures, anew, sentences, took }: DrawnPieces) {
        *self.totals.drawing.get_or_insert_default() += took;
        self.notes.retain(|note| note.kind != NoteKind::Picture || pictures.contains(&note.key));
        let known = self.notes.iter().find(|note| note.kind == NoteKind::Pictures).map(|note| note.data.as_str());
        if known != Some(json(&pictures).as_str()) {
            self.put(NoteKind::Pictures, "", &pictures);
        }
        for (anchor, html) in anew {
            self.put(NoteKind::Picture, &anchor, &(&anchor, html));
        }
        if let Some(html) = sentences {
            self.put(NoteKind::Sentences, "", &html);
        }
    }

    /// Keeps the last frames, for the lines that are drawn of them. What each thread did is in no line.
    fn append(&mut self, mut frame: Frame) {
        self.totals.see(&frame);
        self.metrics = self.totals.exposition();
        frame.models.iter_mut().for_each(|model| model.busy_threads.clear());
        self.put(NoteKind::Frame, &frame.at_ms.to_string(), &frame);
        let frames = self.notes.iter().filter(|note| note.kind == NoteKind::Frame).count();
        if frames > MOST_FRAMES {
            // Notes are in the order in which they were put, so the first is the oldest.
            let oldest = self.notes.iter().position(|note| note.kind == NoteKind::Frame);
            oldest.map(|oldest| self.notes.remove(oldest));
        }
    }

    fn finish(&mut self, ending: &str, report: &Path) {
        self.report = Some(report.to_owned());
        let end = serde_json::json!({ "ending": ending, "report": report.display().to_string() });
        self.put(NoteKind::End, "", &end);
    }

    fn put(&mut self, kind: NoteKind, key: &str, data: &impl Serialize) {
        self.version += 1;
        self.notes.retain(|note| note.kind != kind || note.key != key);
        self.notes.push(Note { kind, key: key.to_owned(), data: json(data), version: self.version });
    }
}

fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).expect("texts and numbers always are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::LiveLoad;

    fn drawn(pictures: &[&str], anew: &[&str]) -> PageEvent {
        PageEvent::Drawn(DrawnPieces {
            pictures: pictures.iter().map(|anchor| (*anchor).to_owned()).collect(),
            anew: anew.iter().map(|anchor| ((*anchor).to_owned(), format!("<i>{anchor}\r\n</i>"))).collect(),
            ..DrawnPieces::default()
        })
    }

    fn kinds(notes: &VecDeque<Note>) -> Vec<&'static str> {
        notes.iter().map(|note| note.kind.name()).collect()
    }

    #[test]
    fn of_frames_the_last_half_minute_is_kept() {
        let mut known = PageNotes::new();
        let asked = LiveLoad { connections: 1, rate_rps: None, work: "echo".to_owned(), flood: 0, is_paused: false };
        for at_ms in (0..200).map(|number| number * 250) {
            known.take_in(
                PageEvent::Frame(Box::new(Frame { at_ms, asked: asked.clone(), models: Vec::new() })),
                Instant::now(),
            );
        }
        let frames = known.since(0);
        assert_eq!(frames.len(), MOST_FRAMES);
        assert!(frames[0].data.starts_with(r#"{"at_ms":20000,"#), "{}", frames[0].data);
        assert!(frames[MOST_FRAMES - 1].data.starts_with(r#"{"at_ms":49750,"#));
        assert_eq!(known.since(199).len(), 1);
    }

    #[test]
    fn who_comes_late_gets_the_latest_of_everything_once() {
        let (mut known, now) = (PageNotes::new(), Instant::now());
        known.take_in(PageEvent::Planned { cells: 3, time: Duration::from_secs(90) }, now);
        known.take_in(PageEvent::Begins { order: 0, what: "echo threaded".to_owned() }, now + Duration::from_secs(60));
        known.take_in(drawn(&["a"], &["a"]), now);
        known.take_in(drawn(&["b", "c"], &["b"]), now + Duration::from_secs(61));
        let notes = known.since(0);
        assert_eq!(kinds(&notes), ["pictures", "picture", "state"], "a is no more, and each is there once");
        assert_eq!(notes[0].data, r#"["b","c"]"#);
        assert_eq!(notes[1].data, r#"["b","<i>b\r\n</i>"]"#);
        assert_eq!(notes[2].data, r#"{"ended":0,"cells":3,"left_s":29,"now":"echo threaded"}"#);
        let version = known.version();
        assert!(known.since(version).is_empty());
        known.take_in(drawn(&["b", "c"], &["c"]), now);
        assert_eq!(kinds(&known.since(version)), ["picture", "state"], "the list of pictures is as it was");
    }
}
