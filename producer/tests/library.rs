//! The dependencies of a portal that only publishes.

use std::process::Command;

/// Dependencies of the programs.
const OF_PROGRAMS: [&str; 8] = [
    "clap",
    "clap_complete",
    "csv",
    "indicatif",
    "metrics-exporter-prometheus",
    "metrics-process",
    "tempfile",
    "terminal_size",
];

#[test]
fn the_library_has_no_dependencies_of_the_programs() {
    let options = "tree --offline --locked --prefix none --format {p} -p producer --no-default-features";
    let tree = Command::new(env!("CARGO"))
        .args(options.split(' '))
        // A procedural macro runs at build time and is not linked.
        .args(["-e", "normal,no-proc-macro"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let Some(tree) = tree.ok().filter(|tree| tree.status.success()) else {
        eprintln!("skipped: cargo cannot list the dependencies here");
        return;
    };
    let listed = String::from_utf8_lossy(&tree.stdout);
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains(&"producer") && names.contains(&"shared"), "{listed}");
    let programs: Vec<&&str> = OF_PROGRAMS.iter().filter(|name| names.contains(name)).collect();
    assert!(programs.is_empty(), "the library depends on {programs:?}");
}
