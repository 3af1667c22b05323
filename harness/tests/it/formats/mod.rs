//! What goes out keeps to what is published of it: the JSON Schemas of `docs/schemas/`, CSV, OpenMetrics.
//!
//! Real output of the real program. Beside it: `harness/src/cli/schemas.rs`, which writes the schemas.

mod figures;
mod schemas;

use servers::protocol::Wire;

use crate::common::home::Home;
use crate::common::own_server::OwnServer;

/// What it writes to stdout, whose figures need not be fit to be believed: other tests keep the machine busy.
fn written(home: &Home, arguments: &[&str]) -> String {
    home.ended(arguments).measured().stdout
}

/// A server of ours, and its address as it is typed.
fn serve() -> (OwnServer, String) {
    let server = crate::common::own_server::serve("async-single", Wire::JsonLines);
    let address = server.address.to_string();
    (server, address)
}
