//! How alike two objects are, of which one goes and one comes: none where one cannot be the other. Decides nothing; a number
//! only says which of several is the more like.

use super::access::is_text;
use crate::diff::TableEdits;
use crate::schema::{Column, Ident, Index, MaterializedView, Table, View};

/// The columns of one table, before and after, each in its order.
pub(super) struct Columns {
    before: Vec<Ident>,
    after: Vec<Ident>,
    /// One goes and one comes, and no more.
    only: bool,
}

impl Columns {
    pub(super) fn new(edits: &TableEdits, only: bool) -> Columns {
        let mut after: Vec<&Column> = edits.after.columns.values().collect();
        // The table has what is new at its end; the file has it where it was written.
        if after.iter().all(|c| c.origin.0.is_some()) {
            after.sort_by_key(|c| c.origin.0);
        }
        let after = after.into_iter().map(|c| c.name.clone()).collect();
        Columns { before: edits.before.columns.keys().cloned().collect(), after, only }
    }

    /// A rename keeps the type, or at least that it is a text. What is computed is computed again.
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

    /// Whether they stand between the same columns, of those that stay.
    fn stand_alike(&self, old: &Ident, new: &Ident) -> bool {
        fn neighbours<'i>(of: &Ident, all: &'i [Ident], others: &[Ident]) -> Option<(Option<&'i Ident>, Option<&'i Ident>)> {
            let at = all.iter().position(|name| name == of)?;
            let stays = |name: &&Ident| others.contains(name);
            Some((all[..at].iter().rfind(stays), all[at + 1..].iter().find(stays)))
        }
        neighbours(old, &self.before, &self.after) == neighbours(new, &self.after, &self.before)
    }
}

/// Two columns at least, all of them with the same name and type; or of those of the larger table four in five and three in
/// all, and under a name that is like the old one half of them.
pub(super) fn tables(old: &Table, new: &Table) -> Option<u32> {
    let same = old.columns.values().filter(|c| new.columns.get(&c.name).is_some_and(|n| n.ty == c.ty)).count();
    let all = old.columns.len().max(new.columns.len());
    let names = names(&old.name.name, &new.name.name, false);
    let alike = same >= 2 && (same == all || (same >= 3 && same * 5 >= all * 4) || (names > 0 && same * 2 >= all));
    (alike && old.name.schema == new.name.schema).then(|| names + (same * 100 / all.max(1)) as u32)
}

/// Whether they are one but for their names.
pub(super) fn indexes(old: &Index, new: &Index) -> Option<u32> {
    let renamed = Index { name: new.name.clone(), was: new.was.clone(), comment: new.comment.clone(), ..old.clone() };
    (renamed == *new).then(|| names(&old.name, &new.name, true))
}

/// Whether they are one but for their names.
pub(super) fn views(old: &View, new: &View) -> Option<u32> {
    let alike = old.query == new.query && old.columns == new.columns && old.name.schema == new.name.schema;
    alike.then(|| names(&old.name.name, &new.name.name, true))
}

/// Whether they are one but for their names.
pub(super) fn materialized_views(old: &MaterializedView, new: &MaterializedView) -> Option<u32> {
    let alike = old.query == new.query && old.columns == new.columns && old.name.schema == new.name.schema;
    alike.then(|| names(&old.name.name, &new.name.name, true))
}

/// The same words, a letter or two that differ, or a word that is common to both; nought where there is nothing of it. In names
/// of one or two letters a letter is much: they are alike only where all else is.
fn names(old: &Ident, new: &Ident, all_else: bool) -> u32 {
    let (mut a, mut b) = (words(old), words(new));
    let near = crate::schema::nearest(&a.concat(), [b.concat().as_str()]).is_some();
    // `id`, `at` and the like stand in names that have nothing else in common.
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
