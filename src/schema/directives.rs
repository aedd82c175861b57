//! Directives: what a schema file says about how to reach or keep an object. No database stores them. They
//! are separate from definitions, so that equal definitions are equal whatever their directives are.

use std::ops::{Deref, DerefMut};

use super::{Allows, Expr, Head, Ident, Only, Origin};
use super::{Check, Column, Exclusion, ForeignKey, Index, PrimaryKey, Unique};

/// The directives of an object or part. What does not apply to a kind stays empty. Not part of a comparison:
/// all values are equal.
#[derive(Debug, Clone, Default)]
pub struct Directives {
    /// Previous names (`was=`): it is renamed if one of them is live and the new name is not.
    pub was: Vec<Ident>,
    /// The value for existing rows when a change adds the column or makes it NOT NULL.
    pub backfill: Option<Expr>,
    /// How the values of the column are converted when its type changes.
    pub using: Option<Expr>,
    /// The dialect it is restricted to; it may then use what only that dialect has.
    pub only: Only,
    /// Whether a plan must not drop it.
    pub prevent_destroy: bool,
    /// The lint findings allowed on it.
    pub allows: Allows,
    /// The position in the schema file.
    pub origin: Origin,
    /// The position of its type, if it has one.
    pub type_origin: Origin,
}

impl PartialEq for Directives {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Directives {}

impl Directives {
    /// Returns the directives of something that was never renamed.
    pub fn at(origin: Origin) -> Self {
        Directives { origin, ..Directives::default() }
    }

    /// Returns those that still apply when the change has been made: guards, allowed findings, and the
    /// position in the file.
    #[must_use]
    pub fn at_rest(self) -> Self {
        let Directives { prevent_destroy, allows, origin, type_origin, .. } = self;
        Directives { prevent_destroy, allows, origin, type_origin, ..Directives::default() }
    }
}

/// Gives types the fields of their directives: `column.was` is `column.directives.was`.
macro_rules! with_directives {
    ($($ty:ident),+) => {
        $(
            impl Deref for $ty {
                type Target = Directives;

                fn deref(&self) -> &Directives {
                    &self.directives
                }
            }

            impl DerefMut for $ty {
                fn deref_mut(&mut self) -> &mut Directives {
                    &mut self.directives
                }
            }
        )+
    };
}
with_directives!(Head, Column, Index, PrimaryKey, Unique, Check, ForeignKey, Exclusion);
