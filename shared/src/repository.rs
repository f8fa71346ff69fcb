//! Helpers for tests that read the files of this repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Asserts that the page in `docs/` equals `made`. If the environment variable `variable` is `write`, writes it first.
pub(crate) fn check_page(name: &str, made: &str, variable: &str) {
    let path = root().join("docs").join(name);
    if std::env::var(variable).is_ok_and(|v| v == "write") {
        fs::write(&path, made).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    assert!(written == made, "docs/{name} differs from the table: run with {variable}=write");
}

/// Each source file of our programs with its code before the tests.
pub(crate) fn code() -> Vec<(PathBuf, String)> {
    let files = ["shared/src", "producer/src", "worker/src"].map(|folder| rust_files(&root().join(folder)));
    let read = |file: PathBuf| {
        let code = fs::read_to_string(&file).unwrap();
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
        (file, code)
    };
    files.concat().into_iter().map(read).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs"))
        .collect()
}
