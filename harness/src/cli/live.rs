//! `--live`: a run is followed in a browser as well as on the terminal.
//!
//! Beside it: `progress.rs` (the terminal), `live/followed.rs` (what is drawn when), `live/web/mod.rs` (what is served).

use std::time::Duration;

use reports::record::store::RunFolder;
use reports::record::{Cell, Ending, Manifest};

use super::load::duration;
use super::output::tell;
use super::progress::TerminalProgress;
use crate::live::followed::{Drawing, DrawingCost, summary_of};
use crate::live::web::{PageEvent, PageView, Web, WebError};
use crate::run::{Interrupt, RunProgress};

/// What is typed to follow a run in a browser.
#[derive(Debug, clap::Args)]
pub(super) struct LiveArgs {
    /// Show the figures in a browser on this machine as they come in, with /metrics for Prometheus
    #[arg(long)]
    live: bool,

    /// Port of that page; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 7979, requires = "live")]
    live_port: u16,

    /// How long to serve the page after the run; Ctrl-C ends that sooner [default: until open pages show the final figures]
    #[arg(long, value_name = "TIME", requires = "live", value_parser = duration)]
    live_linger: Option<Duration>,
}

impl LiveArgs {
    /// Begins to serve the page, where one is wanted, from these CPUs, and says where.
    ///
    /// # Errors
    /// Where the port can't be had.
    pub(super) fn open(&self, cpus: &[u32]) -> Result<Option<Live>, WebError> {
        if !self.live {
            return Ok(None);
        }
        let web = Web::start(PageView::Run, self.live_port, cpus)?;
        tell(&format!("live: http://{}/", web.address()));
        Ok(Some(Live { web, linger: self.live_linger.unwrap_or_default(), drawing: DrawingCost::default() }))
    }
}

/// A page that follows a run.
pub(super) struct Live {
    web: Web,
    linger: Duration,
    drawing: DrawingCost,
}

/// A run's progress, on the terminal and, where there is one, on a page.
pub(super) struct Followed<'a> {
    shown: TerminalProgress,
    page: Option<FollowedPage<'a>>,
}

struct FollowedPage<'a> {
    live: &'a mut Live,
    drawing: Drawing,
}

impl<'a> Followed<'a> {
    /// Of a run with this manifest and the cells that it has already.
    pub(super) fn new(
        shown: TerminalProgress,
        live: Option<&'a mut Live>,
        manifest: &Manifest,
        cells: &[Cell],
    ) -> Followed<'a> {
        let page = live.map(|live| {
            for cell in cells {
                live.web.tell(PageEvent::Ended(Box::new(summary_of(cell))));
            }
            FollowedPage { live, drawing: Drawing::new(manifest.clone(), cells.to_vec()) }
        });
        Followed { shown, page }
    }

    /// Ends the display on the terminal and completes the page.
    pub(super) fn end(self) {
        self.shown.end();
        if let Some(mut page) = self.page {
            page.live.web.tell(PageEvent::Drawn(page.drawing.rest()));
            page.live.drawing = page.drawing.cost();
        }
    }

    fn tell(&self, event: impl FnOnce() -> PageEvent) {
        if let Some(page) = &self.page {
            page.live.web.tell(event());
        }
    }
}

impl RunProgress for Followed<'_> {
    fn planned(&mut self, cells: usize, time: Duration) {
        self.shown.planned(cells, time);
        self.tell(|| PageEvent::Planned { cells, time });
    }

    fn begins(&mut self, order: u32, finds_out: &str, contender: &str) {
        self.shown.begins(order, finds_out, contender);
        self.tell(|| PageEvent::Begins { order, what: format!("{finds_out} ({contender})") });
    }

    fn ended(&mut self, cell: &Cell) {
        self.shown.ended(cell);
        self.tell(|| PageEvent::Ended(Box::new(summary_of(cell))));
        let drawn = self.page.as_mut().and_then(|page| page.drawing.ended(cell));
        if let Some(drawn) = drawn {
            self.tell(|| PageEvent::Drawn(drawn));
        }
    }
}

impl Live {
    /// Says on the page how the run ended and where its report is, serves on for as long as is wanted, and says what all
    /// of it cost the run.
    pub(super) fn conclude(self, folder: &RunFolder, ending: Ending, interrupt: &Interrupt) {
        // Whoever has interrupted the run waits for nothing more, but pages are still told.
        let (word, linger) = match ending {
            Ending::Interrupted => ("been interrupted", Duration::ZERO),
            _ => ("ended", self.linger),
        };
        let report = folder.path().join("report.html");
        let serving = self.web.finish(word, report, linger, || ending != Ending::Interrupted && interrupt.is_set());
        let DrawingCost { spent, longest, turns } = self.drawing;
        let [spent, longest, serving] = [spent, longest, serving].map(|time| time.as_secs_f64() * 1e3);
        tell(&format!(
            "live: drew the page {turns} times between measurements, in {spent:.0} ms altogether and {longest:.0} ms at most; \
             serving it took {serving:.0} ms of CPU time"
        ));
    }
}
