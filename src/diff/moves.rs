//! Which live names become which declared ones, and in what order a database can rename them. Knows names alone, whatever
//! they are names of.

use std::collections::{HashMap, HashSet};

use crate::schema::{Ident, ObjectName};

/// A declared name, and what it says of its old ones.
pub(super) struct Declared {
    pub(super) name: ObjectName,
    pub(super) olds: Vec<ObjectName>,
    /// It is filled from what is there, so that beside a declared old name it is a new object.
    pub(super) is_filled: bool,
}

impl Declared {
    pub(super) fn new(name: &ObjectName, was: &[Ident]) -> Self {
        let olds = was.iter().map(|w| ObjectName { schema: name.schema.clone(), name: w.clone() }).collect();
        Declared { name: name.clone(), olds, is_filled: false }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Old and new name of each, all at once.
    pub(super) pairs: Vec<(ObjectName, ObjectName)>,
    /// Old and new name where both are live and only the new one is declared: that can mean two things.
    pub(super) both: Vec<(ObjectName, ObjectName)>,
}

/// Finds the renames. A name is taken over when nobody has it, or when what has it is renamed as well. Whether names that
/// all stay in use are exchanged is nothing that the names show: `is_done` tells.
pub(super) fn moves<'l>(
    live: impl Iterator<Item = &'l ObjectName>,
    declared: &[Declared],
    is_done: impl Fn(&ObjectName, &ObjectName) -> bool,
) -> Moves {
    let live: HashMap<&ObjectName, &ObjectName> = live.map(|n| (n, n)).collect();
    let chosen = chosen(&live, declared);
    let by_old: HashMap<&ObjectName, usize> = chosen.iter().enumerate().filter_map(|(i, old)| Some((*old.as_ref()?, i))).collect();
    let names: HashSet<&ObjectName> = declared.iter().map(|d| &d.name).collect();
    let mut found = Moves::default();
    for (i, this) in declared.iter().enumerate() {
        let Some(old) = chosen[i] else { continue };
        let pair = (old.clone(), this.name.clone());
        match fate(i, &live, declared, &chosen, &by_old, &is_done) {
            true => found.pairs.push(pair),
            false if !names.contains(old) => found.both.push(pair),
            false => {}
        }
    }
    found
}

/// The old name that each declared one is taken to have had: one that nobody else declares before one that somebody does.
fn chosen<'l>(live: &HashMap<&ObjectName, &'l ObjectName>, declared: &[Declared]) -> Vec<Option<&'l ObjectName>> {
    let names: HashSet<&ObjectName> = declared.iter().map(|d| &d.name).collect();
    let mut taken: HashSet<&ObjectName> = HashSet::new();
    let mut chosen: Vec<Option<&ObjectName>> = vec![None; declared.len()];
    for contested in [false, true] {
        for (i, this) in declared.iter().enumerate().filter(|(_, d)| !d.olds.is_empty()) {
            let is_free = !live.contains_key(&this.name);
            let fits = |old: &&ObjectName| {
                let respelled = **old == this.name && old.name.as_str() != this.name.name.as_str();
                let other = **old != this.name && names.contains(*old) == contested && !(contested && is_free && this.is_filled);
                !taken.contains(*old) && (respelled || other)
            };
            if chosen[i].is_none() {
                chosen[i] = this.olds.iter().filter_map(|o| live.get(o).copied()).find(fits);
                taken.extend(chosen[i]);
            }
        }
    }
    chosen
}

/// Whether the rename is to be done.
fn fate(
    first: usize,
    live: &HashMap<&ObjectName, &ObjectName>,
    declared: &[Declared],
    chosen: &[Option<&ObjectName>],
    by_old: &HashMap<&ObjectName, usize>,
    is_done: &impl Fn(&ObjectName, &ObjectName) -> bool,
) -> bool {
    let (mut at, mut all_done) = (first, true);
    for _ in 0..=declared.len() {
        let name = &declared[at].name;
        all_done &= chosen[at].is_some_and(|old| is_done(old, name));
        if !live.contains_key(name) || chosen[at] == Some(name) {
            return true;
        }
        match by_old.get(name) {
            None => return false,
            Some(next) if *next == first => return !all_done,
            Some(next) => at = *next,
        }
    }
    false
}

/// The same renames one by one: each to a name that is free by then. A circle goes through a name of `spare`.
pub(crate) fn one_by_one<N: Clone + PartialEq>(pairs: &[(N, N)], spare: impl Fn(usize) -> N) -> Vec<(N, N)> {
    let mut left = pairs.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    let mut spared = 0;
    while !left.is_empty() {
        let is_free = |(i, (_, new)): &(usize, &(N, N))| !left.iter().enumerate().any(|(j, (old, _))| j != *i && old == new);
        let next = left.iter().enumerate().find(is_free).map(|(i, _)| i);
        match next {
            Some(i) => ordered.push(left.remove(i)),
            None => {
                spared += 1;
                let through = spare(spared);
                ordered.push((left[0].0.clone(), through.clone()));
                left[0].0 = through;
            }
        }
    }
    ordered
}

/// A name that nothing has, for what changes names in a circle.
pub(crate) fn spare(like: &Ident, number: usize, is_taken: impl Fn(&Ident) -> bool) -> Ident {
    let named = |n: usize| Ident::new(format!("_rosey_swap_{n}"), like.case());
    (number..).map(named).find(|n| !is_taken(n)).unwrap_or_else(|| named(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Case;

    fn name(text: &str) -> ObjectName {
        ObjectName::bare(Ident::new(text, Case::AsciiInsensitive))
    }

    /// `a<b` declares `a` with `was=b`; `a<b*` fills it from what is there. What stands behind `done` has been done.
    fn found(live: &str, declared: &str, done: &str) -> String {
        let live: Vec<ObjectName> = live.split_whitespace().map(name).collect();
        let declare = |word: &str| {
            let (own, was) = word.split_once('<').unwrap_or((word, ""));
            let olds = was.trim_end_matches('*').split(',').filter(|w| !w.is_empty()).map(name).collect();
            Declared { name: name(own), olds, is_filled: was.ends_with('*') }
        };
        let declared: Vec<Declared> = declared.split_whitespace().map(declare).collect();
        let done: Vec<&str> = done.split_whitespace().collect();
        let moves = moves(live.iter(), &declared, |old, new| done.contains(&format!("{new}<{old}").as_str()));
        let pairs: Vec<(String, String)> = moves.pairs.iter().map(|(o, n)| (o.to_string(), n.to_string())).collect();
        let ordered = one_by_one(&pairs, |n| format!("tmp{n}"));
        let shown = |(old, new): &(String, String)| format!("{old}>{new}");
        let both = moves.both.iter().map(|(o, n)| format!("both {o} {n}"));
        ordered.iter().map(shown).chain(both).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn plain_renames() {
        assert_eq!(found("a", "b<a", ""), "a>b");
        assert_eq!(found("b", "b<a", ""), "");
        assert_eq!(found("a b", "b<a", ""), "both a b");
        assert_eq!(found("a b", "a b<a", ""), "");
        assert_eq!(found("a", "b<x,a", ""), "a>b");
        assert_eq!(found("a", "b<a c<a", ""), "a>b");
    }

    #[test]
    fn chains_begin_at_the_free_name() {
        assert_eq!(found("a b", "a<b c<a", ""), "a>c b>a");
        assert_eq!(found("a b c", "a<b b<c d<a", ""), "a>d b>a c>b");
        assert_eq!(found("a c", "a<b c<a", ""), "");
        assert_eq!(found("a b c", "a<b c<a", ""), "both b a");
        assert_eq!(found("a", "a c<a", ""), "a>c");
        assert_eq!(found("a", "a c<a*", ""), "");
        assert_eq!(found("a b", "a<b* c<a", ""), "a>c b>a");
    }

    #[test]
    fn circles_go_through_a_temporary_name_once() {
        assert_eq!(found("a b", "a<b b<a", ""), "b>tmp1 a>b tmp1>a");
        assert_eq!(found("a b", "a<b b<a", "a<b b<a"), "");
        assert_eq!(found("a b c", "a<c b<a c<b", ""), "c>tmp1 b>c a>b tmp1>a");
        assert_eq!(found("a b c d", "a<b b<a c<d d<c", "a<b b<a"), "d>tmp1 c>d tmp1>c");
    }

    #[test]
    fn another_case_is_a_rename_once() {
        assert_eq!(found("name", "Name<name", ""), "name>Name");
        assert_eq!(found("Name", "Name<name", ""), "");
        assert_eq!(found("name", "Name<a,name", ""), "name>Name");
    }
}
