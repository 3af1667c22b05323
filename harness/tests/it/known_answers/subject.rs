//! The load that the tests of the generator share.

use std::time::Duration;

use instruments::load::{ArrivalProcess, LoadSpec, Shape, Work};

pub(crate) fn spec(rate_rps: f64, connections: u32, window: Duration) -> LoadSpec {
    let (arrivals, shape) = (ArrivalProcess::Constant { rate_rps }, Shape::Connections { connections });
    let load = LoadSpec::new(arrivals, shape, Work::new("echo", "hi"));
    LoadSpec { seed: 1, window, timeout: Duration::from_secs(2), ..load }
}
