//! A search with minutes to go ends soon after Ctrl-C or TERM, with what it has found, and leaves no server.

use reports::record::Ending;
use rustix::process::Signal;

use crate::common::home::Home;
use crate::common::started::{Started, servers_of};
use crate::common::{LONGEST_WAIT, within};

fn ends_soon(arguments: &[&str], signal: Signal, code: i32) {
    let home = Home::new();
    // So long that whoever waits for the end of it gives up.
    let mut search = Started::of(home.command(arguments).args(["--budget", "30min", "--out", "the-run"]));
    assert!(within(LONGEST_WAIT, || !home.cell_files().is_empty()), "nothing was measured");
    search.server();
    search.signal(signal);
    let status = search.status_within(LONGEST_WAIT).expect("it goes on");
    assert_eq!(status.code(), Some(code));
    assert_eq!(servers_of(search.pid()), [] as [u32; 0]);
    search.ended().telling("interrupted: ").telling("saved in");
    let run = home.run();
    assert!(run.manifest.ending == Ending::Interrupted && !run.cells.is_empty());
}

#[test]
fn ctrl_c_ends_a_map_with_the_squares_that_it_has() {
    ends_soon(&["map", "--connections", "1,8,64", "--work", "echo,sleep 5ms"], Signal::INT, 130);
}

#[test]
fn term_ends_a_search_for_capacity_with_the_loads_that_it_has() {
    ends_soon(&["capacity", "--models", "threaded,async-multi", "--blocks", "9"], Signal::TERM, 143);
}
