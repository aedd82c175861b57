//! Matches live names with declared ones, and finds an order in which a database can rename them. Works on
//! names only, for any kind of object.

use std::collections::{HashMap, HashSet};

use crate::schema::{Case, Ident, ObjectName};

/// A declared name with its old names.
pub(super) struct Declared {
    pub(super) name: ObjectName,
    pub(super) olds: Vec<ObjectName>,
    /// It is backfilled from existing data: if its old name is declared as well, it is a new object.
    pub(super) is_filled: bool,
}

impl Declared {
    pub(super) fn new(name: &ObjectName, was: &[Ident]) -> Self {
        let olds = was.iter().map(|w| name.renamed(w.clone())).collect();
        Declared { name: name.clone(), olds, is_filled: false }
    }
}

/// The result.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Old and new name of each rename, as if all were done at once.
    pub(super) pairs: Vec<(ObjectName, ObjectName)>,
    /// Old and new name if both are live and only the new one is declared, which is ambiguous.
    pub(super) both: Vec<(ObjectName, ObjectName)>,
    /// Names taken over from objects that are not renamed themselves but dropped.
    pub(super) vacated: Vec<ObjectName>,
}

/// How far to trust the old names of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// A schema file lists what an object was called at some time, perhaps long ago.
    Remembered,
    /// Each old name is the object's current name: whatever has the new name is another object.
    Exact,
}

/// Finds the renames. A name can be taken if nothing has it, or if what has it is renamed as well. Names do
/// not show whether a swap has been done: `is_done` does.
pub(super) fn moves<'l>(
    live: impl Iterator<Item = &'l ObjectName>,
    declared: &[Declared],
    known: Names,
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
        match known == Names::Exact || fate(i, &live, declared, &chosen, &by_old, &is_done) {
            true => {
                found.vacated.extend(live.get(&this.name).filter(|n| !by_old.contains_key(**n)).map(|n| (*n).clone()));
                found.pairs.push(pair);
            }
            false if !names.contains(old) => found.both.push(pair),
            false => {}
        }
    }
    found
}

/// Returns the old name to use for each declared name, preferably one that nothing else declares.
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

/// Decides whether to do a rename.
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

/// Returns the same renames one by one, each to a name that is free by then. Cycles use a name from `spare`.
pub(super) fn one_by_one<N: Clone + PartialEq>(pairs: &[(N, N)], mut spare: impl FnMut() -> N) -> Vec<(N, N)> {
    let mut left = pairs.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |(i, (_, new)): &(usize, &(N, N))| !left.iter().enumerate().any(|(j, (old, _))| j != *i && old == new);
        let next = left.iter().enumerate().find(is_free).map(|(i, _)| i);
        match next {
            Some(i) => ordered.push(left.remove(i)),
            None => {
                let through = spare();
                ordered.push((left[0].0.clone(), through.clone()));
                left[0].0 = through;
            }
        }
    }
    ordered
}

/// Generates unused temporary names, each once.
pub(super) struct Spare<F> {
    case: Case,
    given: usize,
    is_taken: F,
}

impl<F: Fn(&Ident) -> bool> Spare<F> {
    pub(super) fn new(case: Case, is_taken: F) -> Self {
        Spare { case, given: 0, is_taken }
    }

    pub(super) fn name(&mut self) -> Ident {
        loop {
            self.given += 1;
            let name = Ident::new(format!("_rosey_swap_{}", self.given), self.case);
            if !(self.is_taken)(&name) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ObjectName {
        ObjectName::bare(Ident::new(text, Case::AsciiInsensitive))
    }

    /// `a<b` declares `a` with `was=b`; `a<b*` backfills it from existing data. `done` lists the renames that
    /// have been done.
    fn found(live: &str, declared: &str, done: &str) -> String {
        found_by(Names::Remembered, live, declared, done)
    }

    fn found_by(known: Names, live: &str, declared: &str, done: &str) -> String {
        let live: Vec<ObjectName> = live.split_whitespace().map(name).collect();
        let declare = |word: &str| {
            let (own, was) = word.split_once('<').unwrap_or((word, ""));
            let olds = was.trim_end_matches('*').split(',').filter(|w| !w.is_empty()).map(name).collect();
            Declared { name: name(own), olds, is_filled: was.ends_with('*') }
        };
        let declared: Vec<Declared> = declared.split_whitespace().map(declare).collect();
        let done: Vec<&str> = done.split_whitespace().collect();
        let moves = moves(live.iter(), &declared, known, |old, new| done.contains(&format!("{new}<{old}").as_str()));
        let pairs: Vec<(String, String)> = moves.pairs.iter().map(|(o, n)| (o.to_string(), n.to_string())).collect();
        let mut numbers = 1..;
        let ordered = one_by_one(&pairs, || format!("tmp{}", numbers.next().unwrap()));
        let shown = |(old, new): &(String, String)| format!("{old}>{new}");
        let both = moves.both.iter().map(|(o, n)| format!("both {o} {n}"));
        let vacated = moves.vacated.iter().map(|n| format!("without {n}"));
        ordered.iter().map(shown).chain(both).chain(vacated).collect::<Vec<_>>().join(" ")
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
    fn exact_names_take_over_what_another_object_has() {
        let exact = |live: &str, declared: &str| found_by(Names::Exact, live, declared, "");
        assert_eq!(exact("a c", "a<c"), "c>a without a");
        assert_eq!(exact("a b c", "a<b b<c"), "b>a c>b without a");
        assert_eq!(exact("a b", "a<b b<a"), "b>tmp1 a>b tmp1>a");
        assert_eq!(exact("a", "a<c"), "");
        assert_eq!(exact("Name", "name<Name"), "Name>name");
    }

    #[test]
    fn another_case_is_a_rename_once() {
        assert_eq!(found("name", "Name<name", ""), "name>Name");
        assert_eq!(found("Name", "Name<name", ""), "");
        assert_eq!(found("name", "Name<a,name", ""), "name>Name");
    }
}
