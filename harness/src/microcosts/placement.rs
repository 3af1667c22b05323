//! On which CPUs a figure is taken.

use std::fmt;

use reports::format::list;

/// The CPUs that all threads of a measurement may use; within them the kernel decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// At least one.
    pub cpus: Vec<u32>,
}

impl Placement {
    /// The first of the allowed CPUs alone, and the first two where there are two.
    pub fn of(allowed: &[u32]) -> Vec<Placement> {
        (1..=allowed.len().min(2)).map(|cpus| Placement { cpus: allowed[..cpus].to_vec() }).collect()
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.cpus.iter().map(u32::to_string).collect();
        write!(f, "CPU{} {}", if numbers.len() == 1 { "" } else { "s" }, list(&numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cpu_and_two_where_there_are_two() {
        let shown = |allowed: &[u32]| Placement::of(allowed).iter().map(Placement::to_string).collect::<Vec<_>>();
        assert_eq!(shown(&[3]), ["CPU 3"]);
        assert_eq!(shown(&[2, 5, 7]), ["CPU 2", "CPUs 2 and 5"]);
        assert!(shown(&[]).is_empty());
    }
}
