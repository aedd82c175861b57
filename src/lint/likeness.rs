//! How similar a dropped and an added object are; `None` if one cannot be the other. Decides nothing; the
//! number only ranks several candidates.

use super::access::is_text;
use crate::diff::TableEdits;
use crate::schema::{Column, Ident, Index, MaterializedView, Table, View};

/// The columns of one table, before and after, each in order.
pub(super) struct Columns {
    before: Vec<Ident>,
    after: Vec<Ident>,
    /// Whether exactly one is dropped and one added.
    only: bool,
}

impl Columns {
    pub(super) fn new(edits: &TableEdits, only: bool) -> Columns {
        let mut after: Vec<&Column> = edits.after.columns.values().collect();
        // New columns are at the end of the table in the database; the file has them in the order in which
        // they were written.
        if after.iter().all(|c| c.origin.0.is_some()) {
            after.sort_by_key(|c| c.origin.0);
        }
        let after = after.into_iter().map(|c| c.name.clone()).collect();
        Columns { before: edits.before.columns.keys().cloned().collect(), after, only }
    }

    /// Returns how similar two columns are. A rename keeps the type, or at least that it is text. Generated
    /// columns can always be computed again.
    pub(super) fn likeness(&self, old: &Column, new: &Column) -> Option<u32> {
        let kept = old.ty == new.ty;
        let computed = old.generated.is_some() || new.generated.is_some() || new.backfill.is_some();
        if computed || !(kept || (is_text(&old.ty) && is_text(&new.ty))) {
            return None;
        }
        let place = self.stand_alike(&old.name, &new.name);
        let names = names(&old.name, &new.name, kept && place);
        let rules = old.not_null == new.not_null && old.default == new.default && old.collate == new.collate;
        let may_be = names > 0 || (self.only && kept && place);
        may_be.then(|| names * 8 + u32::from(place) * 4 + u32::from(kept) * 2 + u32::from(rules))
    }

    /// Returns whether they have the same neighbors, among the columns that remain.
    fn stand_alike(&self, old: &Ident, new: &Ident) -> bool {
        fn neighbours<'i>(of: &Ident, all: &'i [Ident], others: &[Ident]) -> Option<(Option<&'i Ident>, Option<&'i Ident>)> {
            let at = all.iter().position(|name| name == of)?;
            let stays = |name: &&Ident| others.contains(name);
            Some((all[..at].iter().rfind(stays), all[at + 1..].iter().find(stays)))
        }
        neighbours(old, &self.before, &self.after) == neighbours(new, &self.after, &self.before)
    }
}

/// Returns how similar two tables are. At least two columns must have the same name and type, and these must
/// be all columns; or four in five of the larger table, and at least three; or half of them, if the names of
/// the tables are similar.
pub(super) fn tables(old: &Table, new: &Table) -> Option<u32> {
    let same = old.columns.values().filter(|c| new.columns.get(&c.name).is_some_and(|n| n.ty == c.ty)).count();
    let all = old.columns.len().max(new.columns.len());
    let names = names(&old.name.name, &new.name.name, false);
    let alike = same >= 2 && (same == all || (same >= 3 && same * 5 >= all * 4) || (names > 0 && same * 2 >= all));
    (alike && old.name.schema == new.name.schema).then(|| names + (same * 100 / all.max(1)) as u32)
}

/// Returns the similarity of the names of two indexes that are otherwise equal.
pub(super) fn indexes(old: &Index, new: &Index) -> Option<u32> {
    let renamed = Index { name: new.name.clone(), comment: new.comment.clone(), ..old.clone() };
    (renamed == *new).then(|| names(&old.name, &new.name, true))
}

/// Returns the similarity of the names of two views that are otherwise equal.
pub(super) fn views(old: &View, new: &View) -> Option<u32> {
    let alike = old.query == new.query && old.columns == new.columns && old.name.schema == new.name.schema;
    alike.then(|| names(&old.name.name, &new.name.name, true))
}

/// Returns the similarity of the names of two materialized views that are otherwise equal.
pub(super) fn materialized_views(old: &MaterializedView, new: &MaterializedView) -> Option<u32> {
    let alike = old.query == new.query && old.columns == new.columns && old.name.schema == new.name.schema;
    alike.then(|| names(&old.name.name, &new.name.name, true))
}

/// Rates the similarity of names: the same words, a difference of one or two letters, or a common word; zero
/// otherwise. In names of one or two letters, a single letter counts much: they are similar only if
/// everything else is equal.
fn names(old: &Ident, new: &Ident, all_else: bool) -> u32 {
    let (mut a, mut b) = (words(old), words(new));
    let near = crate::schema::nearest(&a.concat(), [b.concat().as_str()]).is_some();
    // `id`, `at` and the like are common in names that are otherwise unrelated.
    let common = a.iter().filter(|w| w.chars().count() > 3 && b.contains(w)).count().min(2) as u32;
    a.sort();
    b.sort();
    let long = all_else || a.concat().chars().count().min(b.concat().chars().count()) > 2;
    match (a == b, near && long) {
        (true, _) => 4,
        (false, true) => 3,
        (false, false) => common,
    }
}

fn words(name: &Ident) -> Vec<String> {
    let mut text = String::new();
    let mut after_small = false;
    for c in name.as_str().chars() {
        // `userId` is two words, `USER` is one.
        if c.is_uppercase() && after_small {
            text.push('_');
        }
        after_small = c.is_lowercase() || c.is_numeric();
        text.extend(c.to_lowercase());
    }
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}
