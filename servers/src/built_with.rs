//! What this build of the servers is made of: the compiler, and the versions of what runs underneath the models. Another
//! version of one of them can be a difference as large as that between two models. Noted by `build.rs`.

/// Names and versions, as far as the build could find them: `rustc`, and the packages that run connections or requests.
pub fn built_with() -> Vec<(String, String)> {
    let rustc = option_env!("BUILT_WITH_RUSTC").filter(|version| !version.is_empty());
    let rustc = rustc.map(|version| ("rustc".to_owned(), version.to_owned()));
    let packages = RUNS_MODELS.iter().filter_map(|package| Some(((*package).to_owned(), version_of(package)?)));
    rustc.into_iter().chain(packages).collect()
}

/// Those that models of this build run on.
const RUNS_MODELS: &[&str] = &[
    "mio",
    "rayon",
    "tokio",
    #[cfg(feature = "axum")]
    "axum",
    #[cfg(feature = "compio")]
    "compio",
];

/// The version of a package that the workspace was locked to; of several, all.
pub fn version_of(package: &str) -> Option<String> {
    let pairs = option_env!("BUILT_WITH_PACKAGES")?.split(';').filter_map(|pair| pair.split_once(' '));
    let versions: Vec<&str> = pairs.filter(|(name, _)| *name == package).map(|(_, version)| version).collect();
    let unstable = if package == "tokio" && cfg!(tokio_unstable) { " (unstable)" } else { "" };
    (!versions.is_empty()).then(|| versions.join(" and ") + unstable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_knows_its_compiler_and_its_runtime() {
        let built_with = built_with();
        let names: Vec<&str> = built_with.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..4], ["rustc", "mio", "rayon", "tokio"]);
        for (name, version) in &built_with {
            assert!(version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.'), "{name} {version}");
        }
        assert_eq!(version_of("no-such-package"), None);
    }
}
