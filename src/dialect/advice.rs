//! What is advised where something goes for good: the same words on both databases.

use crate::kdl::string_repr;
use crate::schema::Ident;

/// How a column that goes is renamed instead.
pub(crate) fn rename_instead(name: &Ident) -> String {
    format!("to rename it instead, add was={} to the new definition", string_repr(name.as_str()))
}

/// How an object that goes is kept: under another name, or left alone.
pub(crate) fn rename_or_ignore(name: &Ident) -> String {
    format!("{}; to leave it unmanaged, `ignore` it", rename_instead(name))
}
