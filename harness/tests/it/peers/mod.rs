//! What `scripts/bench-peers` reads from the tools' output, and how it judges figures: the parts that need no tool.
#[path = "../../../benches/measured/figure.rs"]
mod figure;
#[path = "../../../benches/peers/load.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod load;
#[path = "../../../benches/peers/tools/mod.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod tools;

mod figures;
mod outputs;
