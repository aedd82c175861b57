//! Advice about objects that are dropped, with the same wording for both databases.

use crate::kdl::string_repr;
use crate::schema::Ident;

/// Returns how to rename a column instead of dropping it.
pub(crate) fn rename_instead(name: &Ident) -> String {
    format!("to rename it instead, add was={} to the new definition", string_repr(name.as_str()))
}

/// Returns how to keep an object that is dropped: by renaming it or by ignoring it.
pub(crate) fn rename_or_ignore(name: &Ident) -> String {
    format!("{}; to leave it unmanaged, `ignore` it", rename_instead(name))
}

/// What to do about an object that has the name of the history, or uses it.
pub(crate) const ONLY_ROSEY: &str = "find out who created it and drop it: only rosey may write to this table";
