//! One small comparison in which one call fails, and what it must leave.

use std::collections::BTreeMap;
use std::fs::{self, File};

use reports::record::store::RunFolder;

use crate::common::home::Home;
use crate::common::{LONGEST_WAIT, groups_of};
use crate::torture::calls::Site;
use crate::torture::tracer::{self, Chosen, Ended, Traced};

/// One run that has ended, and its folder.
pub(crate) struct Trial {
    home: Home,
    traced: Traced,
    stdout: String,
    stderr: String,
}

/// Which calls the run makes when none fails, and how often.
pub(crate) fn calls() -> BTreeMap<Site, u32> {
    let trial = Trial::of(None);
    assert_eq!(trial.faults(), Vec::<String>::new());
    trial.traced.calls
}

impl Trial {
    pub(crate) fn of(chosen: Option<&Chosen>) -> Self {
        let home = Home::new();
        let (out, err) = (home.join("stdout"), home.join("stderr"));
        // Two cells with control groups, and no thread of the server's for each connection, which would be followed too.
        let mut command = home.command(&["compare", "--preset", "smoke", "--out", "run"]);
        command
            .args(["--models", "async-multi", "--experiments", "same-memory", "--blocks", "2"])
            .env_remove("LD_LIBRARY_PATH");
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let path = home.path().to_str().unwrap();
        let traced = tracer::run(command, path, chosen, LONGEST_WAIT).unwrap();
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Self { traced, stdout: read(&out), stderr: read(&err), home }
    }

    /// How it ended, in a word.
    pub(crate) fn outcome(&self) -> String {
        match self.traced.ended {
            _ if !self.traced.failed => "the call did not come".to_owned(),
            Ended::Code(code) => format!("exit {code}"),
            Ended::By(signal) => format!("ended by {signal}"),
            Ended::Never => "did not end".to_owned(),
        }
    }

    /// All that is not as it must be, a sentence each.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, fault: &str| {
            if !holds {
                faults.push(format!("{fault}; {}\n{}\n{}", self.outcome(), self.stdout, self.stderr));
            }
        };
        let Ended::Code(code) = self.traced.ended else {
            must(false, "it has not ended by itself");
            return faults;
        };
        must(!self.stderr.contains("panicked at"), "it panicked");
        must(self.traced.orphans == 0, "a server outlived it");
        must(groups_of(self.traced.pid).is_empty(), "a control group is left");
        must(self.finished_cells_are_whole(), "a cell that was finished cannot be read");
        let is_reported = self.home.join("run/report.html").exists();
        if [0, 4, 6].contains(&code) || is_reported {
            must(code != 6, "it blames the server, which did nothing wrong");
            must(is_reported, "it says that the run went to its end, and has left no report");
        } else {
            must(self.stderr.contains("(os error "), "it does not say which call failed");
        }
        faults
    }

    /// Every file that bears the name of a cell holds a whole one, and together they are read as a run.
    fn finished_cells_are_whole(&self) -> bool {
        let folder = self.home.join("run");
        let cells = fs::read_dir(folder.join("cells")).map_or(0, |entries| {
            entries.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".json")).count()
        });
        cells == 0 || RunFolder::open(folder).and_then(|run| run.read()).is_ok_and(|run| run.cells.len() == cells)
    }
}
