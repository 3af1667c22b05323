//! The code of two models side by side, from the source that this program was built of, with the lines that differ marked.
//!
//! Must not know: how it is shown. Beside it: `servers/src/models/` and
//! `servers/src/tasks.rs`, the sources.

use serde::Serialize;

/// Where the code of a model stands.
struct ModelSource {
    name: &'static str,
    text: &'static str,
    /// Functions that it shares with others of its kind, as they begin in [`TASKS`].
    shared: &'static [&'static str],
}

const TASKS: &str = include_str!("../../../servers/src/tasks.rs");

const OF_ONE_THREAD: &[&str] = &["pub(crate) fn runtime_of_one_thread(", ACCEPT, SPAWN];
const OF_WORKERS: &[&str] =
    &["pub(crate) fn runtime_of_workers(", "pub(crate) async fn accept_from_each(", ACCEPT, SPAWN];
const ACCEPT: &str = "pub(crate) async fn accept(";
const SPAWN: &str = "fn spawn(";

macro_rules! source {
    ($name:literal, $file:literal, $shared:expr) => {
        ModelSource { name: $name, text: include_str!(concat!("../../../servers/src/models/", $file)), shared: $shared }
    };
}

const SOURCES: [ModelSource; 6] = [
    source!("sequential", "sequential.rs", &[]),
    source!("threaded", "threaded.rs", &[]),
    source!("thread-pool", "thread_pool.rs", &[]),
    source!("async-single", "async_single.rs", OF_ONE_THREAD),
    source!("async-multi", "async_multi.rs", OF_WORKERS),
    source!("rayon-pool", "rayon_pool.rs", &[]),
];

/// A row of two columns: a line of either, or of one only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceRow {
    /// Of the first model; absent where the second alone has a line here.
    pub left: Option<String>,
    /// Of the second.
    pub right: Option<String>,
    /// Whether the two are the same.
    pub same: bool,
}

/// The code of two models, row by row; absent where a model has no source here.
pub fn side_by_side([left, right]: [&str; 2]) -> Option<Vec<SourceRow>> {
    Some(rows(&code(left)?, &code(right)?))
}

/// The lines of a model behind its introduction, imports and row of the table, without its tests; then what it shares.
fn code(model: &str) -> Option<Vec<&'static str>> {
    let source = SOURCES.iter().find(|source| source.name == model)?;
    let shown = source.text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let (_, row_and_code) = shown.split_once(" const MODEL: Model")?;
    let (_, behind_its_row) = row_and_code.split_once("\n};\n")?;
    let own = behind_its_row.lines().skip_while(|line| line.is_empty());
    Some(own.chain(source.shared.iter().flat_map(|begin| function(TASKS, begin))).collect())
}

/// An empty line, and the lines of the function that begins so, to the brace that ends it.
fn function(text: &'static str, begin: &str) -> Vec<&'static str> {
    let (_, behind) = text.split_at(text.find(&format!("\n{begin}")).unwrap_or(text.len()));
    let end = behind.find("\n}\n").map_or(behind.len(), |end| end + 2);
    behind[..end].lines().collect()
}

/// The longest common subsequence, line by line; what lies between two common lines stands side by side.
fn rows(left: &[&str], right: &[&str]) -> Vec<SourceRow> {
    let mut common = vec![vec![0_u32; right.len() + 1]; left.len() + 1];
    for (i, one) in left.iter().enumerate().rev() {
        for (j, other) in right.iter().enumerate().rev() {
            let either = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if one == other { common[i + 1][j + 1] + 1 } else { either };
        }
    }
    let (mut i, mut j, mut rows) = (0, 0, Vec::new());
    let (mut only_left, mut only_right) = (Vec::new(), Vec::new());
    while i < left.len() || j < right.len() {
        let is_common = i < left.len() && j < right.len() && left[i] == right[j];
        if is_common {
            flush(&mut only_left, &mut only_right, &mut rows);
            rows.push(SourceRow { left: Some(left[i].into()), right: Some(right[j].into()), same: true });
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            only_left.push(left[i]);
            i += 1;
        } else {
            only_right.push(right[j]);
            j += 1;
        }
    }
    flush(&mut only_left, &mut only_right, &mut rows);
    rows
}

fn flush(left: &mut Vec<&str>, right: &mut Vec<&str>, rows: &mut Vec<SourceRow>) {
    for place in 0..left.len().max(right.len()) {
        let line = |lines: &[&str]| lines.get(place).map(|line| (*line).to_owned());
        rows.push(SourceRow { left: line(left), right: line(right), same: false });
    }
    left.clear();
    right.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_lines_stand_beside_each_other_and_others_are_marked() {
        let rows = rows(&["a", "b", "d"], &["a", "c", "c2", "d"]);
        let shown: Vec<(Option<&str>, Option<&str>, bool)> =
            rows.iter().map(|row| (row.left.as_deref(), row.right.as_deref(), row.same)).collect();
        let both = |line| (Some(line), Some(line), true);
        assert_eq!(shown, [both("a"), (Some("b"), Some("c"), false), (None, Some("c2"), false), both("d")]);
    }

    #[test]
    fn threads_and_tasks_differ_in_what_they_spawn() {
        let rows = side_by_side(["threaded", "async-multi"]).unwrap();
        let differ = |text: &str, of: fn(&SourceRow) -> &Option<String>| {
            rows.iter().any(|row| !row.same && of(row).as_ref().is_some_and(|line| line.contains(text)))
        };
        assert!(differ(".spawn(move || serve", |row| &row.left) && differ("tokio::spawn(serve", |row| &row.right));
        assert!(rows.iter().any(|row| row.same), "they have lines in common");
        let rows = side_by_side(["async-single", "async-multi"]).unwrap();
        for builder in ["new_current_thread", "new_multi_thread"] {
            let shows = |side: &Option<String>| side.as_ref().is_some_and(|line| line.contains(builder));
            assert!(rows.iter().any(|row| !row.same && (shows(&row.left) || shows(&row.right))), "{builder}");
        }
        assert_eq!(side_by_side(["threaded", "nobody"]), None);
    }

    #[test]
    fn of_each_model_its_code_is_shown_and_nothing_else() {
        for ModelSource { name, shared, .. } in SOURCES {
            let code = code(name).unwrap();
            assert!(code[0].starts_with("fn run(") || code[0].starts_with("///"), "{name}: {}", code[0]);
            let others = ["use ", "//!", "pub(super) const MODEL", "mod tests"];
            assert!(!code.iter().any(|line| others.iter().any(|other| line.starts_with(other))), "{name}: {code:?}");
            for begin in shared {
                assert!(code.iter().any(|line| line.starts_with(begin)), "{name} lacks {begin}");
            }
            assert_eq!(code.last(), Some(&"}"), "{name}");
        }
    }

    #[test]
    fn what_a_model_takes_from_others_of_its_kind_is_shown_too() {
        let mut looked_at = 0;
        for ModelSource { name, .. } in SOURCES {
            let code = code(name).unwrap().join("\n");
            // How a runtime is run says nothing of what runs on it.
            let called = code.split("tasks::").skip(1).filter_map(|behind| behind.split('(').next());
            for function in called.filter(|function| *function != "run") {
                assert!(code.contains(&format!("fn {function}(")), "{name} calls {function}, which is not shown");
                looked_at += 1;
            }
        }
        assert!(looked_at >= 4, "only {looked_at} calls were found");
    }
}
