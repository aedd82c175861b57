//! The indexes of a materialized view: all of them if the view is new, the differing ones if it remains.

use super::super::ddl;
use super::super::inspect::ident;
use super::aside::untangled;
use super::views::Body;
use super::{LoweringContext, rename};
use crate::plan::{Statement, StatementKind};
use crate::schema::{Ident, Index, ObjectName};

/// Returns the statements that create an index, with its comment.
pub(super) fn index_statements(context: &LoweringContext<'_>, view: &ObjectName, index: &Index) -> Vec<Statement> {
    let mut found =
        vec![Statement::new(ddl::create_index(index, Some(&index.name), view, false, &context.names)).kind(StatementKind::CreatesIndex)];
    let on = format!("INDEX {}", context.names.beside(view, &index.name));
    found.extend(index.comment.as_ref().map(|text| Statement::new(ddl::comment(&on, Some(text)))));
    found
}

/// Returns the statements for indexes of a materialized view that are created, dropped, changed or renamed.
pub(super) fn index_changes(context: &LoweringContext<'_>, before: Body<'_>, after: Body<'_>) -> Vec<Statement> {
    let (old, new) = (before.indexes(), after.indexes());
    let now = |i: &Ident| context.at_run(&context.names.sibling(before.name(), i));
    let renamed = |i: &Index| old.iter().find(|o| i.was.contains(&o.name) && !new.iter().any(|n| n.name == o.name));
    let find = |i: &Index| old.iter().find(|o| o.name == i.name).or_else(|| renamed(i)).copied();
    let same = |o: &Index, i: &Index| {
        let bare = |x: &Index| Index { name: i.name.clone(), comment: None, ..x.clone() };
        bare(o) == bare(i)
    };
    let kept: Vec<&Ident> = new.iter().filter_map(|i| find(i).filter(|o| same(o, i)).map(|o| &o.name)).collect();
    let mut found: Vec<Statement> = old
        .iter()
        .filter(|o| !kept.contains(&&o.name))
        .map(|o| Statement::new(format!("DROP INDEX {}", context.names.sql(&now(&o.name)))))
        .collect();
    let pairs = new.iter().filter_map(|i| Some((find(i).filter(|o| same(o, i))?, i))).filter(|(o, i)| o.name != i.name);
    let renames = pairs.map(|(o, i)| ((), now(&o.name).name.to_string(), i.name.to_string())).collect();
    for ((), old, new) in untangled(renames, |n| context.is_taken(&context.names.sibling(after.name(), &ident(n)))) {
        found.push(rename("INDEX", &context.names.beside(after.name(), &ident(&old)), &new));
    }
    for index in new.iter().copied() {
        match find(index).filter(|o| same(o, index)) {
            None => found.extend(index_statements(context, after.name(), index)),
            Some(old) => {
                if old.comment != index.comment {
                    let on = format!("INDEX {}", context.names.beside(after.name(), &index.name));
                    found.push(Statement::new(ddl::comment(&on, index.comment.as_deref())));
                }
            }
        }
    }
    found
}
