//! What a user of `rosey validate` sees for every possible mistake in a schema: the line, the arrow, and what
//! to write instead.

use std::process::Command;

use rosey::cli::errors_in_schema;
use rosey::schema::Dialect;

mod children;
mod columns;
mod definitions;
mod expressions;
mod files;
mod foreign_keys;
mod includes;
mod indexes;
mod keys;
mod names;
mod objects;
mod postgres;
mod project;
mod properties;
mod quoting;
mod sqlite;
mod statements;
mod syntax;
mod words;

/// Returns the errors of an invalid schema.
fn mistakes(schema: &str) -> String {
    errors_in_schema(&dedent(schema), &Dialect::ALL).expect("the schema has no mistake")
}

/// Returns the errors of a schema that is invalid for one database.
fn mistakes_for(dialect: Dialect, schema: &str) -> String {
    errors_in_schema(&dedent(schema), &[dialect]).expect("the schema has no mistake")
}

/// Checks that both databases accept the schema.
fn valid(schema: &str) {
    assert_eq!(errors_in_schema(&dedent(schema), &Dialect::ALL), None);
}

/// Checks that one database accepts the schema.
fn valid_for(dialect: Dialect, schema: &str) {
    assert_eq!(errors_in_schema(&dedent(schema), &[dialect]), None);
}

/// A folder with the files of a schema. The program runs in it: what it says about files depends on its
/// working directory.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    /// Adds a file; its text is indented like the test.
    fn file(self, name: &str, text: &str) -> Self {
        self.bytes(name, dedent(text).as_bytes())
    }

    fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    #[cfg(unix)]
    fn link(self, to: &str, name: &str) -> Self {
        std::os::unix::fs::symlink(to, self.0.path().join(name)).unwrap();
        self
    }

    /// Returns the exit code, standard output and standard error.
    fn validate(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rosey")).arg("validate").args(arguments).current_dir(&self.0).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// Returns the errors of an invalid schema: on standard error, with nothing on standard output, and exit
    /// code 1.
    fn mistakes(&self, schema: &str) -> String {
        let (code, printed, said) = self.validate(&["--schema", schema]);
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{said}");
        said
    }
}

/// Removes the indentation that all lines share.
fn dedent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text).trim_end();
    let margin = text.lines().filter(|l| !l.trim().is_empty()).map(|l| l.len() - l.trim_start().len()).min().unwrap_or(0);
    text.lines().map(|l| format!("{}\n", l.get(margin..).unwrap_or_default())).collect()
}
