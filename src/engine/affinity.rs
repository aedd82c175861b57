//! How an engine that does not enforce types interprets the declared type of a column.

/// The affinity of a declared type (<https://sqlite.org/datatype3.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Real,
    Numeric,
    Text,
    /// No conversion at all; called BLOB in the documentation.
    Blob,
}
