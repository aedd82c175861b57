//! The renames of a plan, as the history stores them: a rollback inverts them instead of dropping and adding.

use crate::diff::{Changes, TableChange};
use crate::kdl::document::{Pen, read};
use crate::schema::{AnyKind, Kind, ObjectName, Part};

/// A renamed object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rename {
    /// `table`, `column`, `view`, …
    pub kind: AnyKind,
    /// The PostgreSQL schema, if it is not the default one.
    pub schema: Option<String>,
    /// For a column or index: its table, by its new name.
    pub table: Option<String>,
    /// The old name.
    pub old: String,
    /// The new name.
    pub new: String,
}

/// Returns the renames of a plan, tables first.
pub fn renames(changes: &Changes) -> Vec<Rename> {
    let mut found = Vec::new();
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let table = &edits.after.name;
        found.extend(edits.renamed_from.iter().map(|old| of(Kind::Table, old, table)));
        let inner = |part: Part, old: &crate::schema::Ident, new: &crate::schema::Ident| Rename {
            table: Some(table.name.to_string()),
            ..of(part, &table.renamed(old.clone()), &ObjectName::bare(new.clone()))
        };
        // A dropped column has at most a temporary name.
        let kept = edits.renamed_columns.iter().filter(|(_, new)| edits.after.columns.contains_key(new));
        found.extend(kept.map(|(old, new)| inner(Part::Column, old, new)));
        found.extend(edits.renamed_indexes.iter().map(|(old, new)| inner(Part::Index, old, new)));
    }
    for change in changes.objects.iter().filter(|c| c.kind() != Kind::Table) {
        let sides = change.before().zip(change.after()).map(|(before, after)| (&before.name, &after.name));
        let renamed = sides.filter(|(old, new)| old != new || old.name.as_str() != new.name.as_str());
        found.extend(renamed.map(|(old, new)| of(change.kind(), old, new)));
    }
    found
}

fn of(kind: impl Into<AnyKind>, old: &ObjectName, new: &ObjectName) -> Rename {
    let schema = old.schema.as_ref().map(ToString::to_string);
    Rename { kind: kind.into(), schema, table: None, old: old.name.to_string(), new: new.name.to_string() }
}

/// Writes one line for each: kind, schema, table, old and new name.
pub(crate) fn encode_renames(renames: &[Rename]) -> String {
    let mut pen = Pen::default();
    for rename in renames {
        let (schema, table) = (rename.schema.as_deref().unwrap_or_default(), rename.table.as_deref().unwrap_or_default());
        pen.node(rename.kind.word(), &[schema, table, &rename.old, &rename.new]);
    }
    pen.finish()
}

/// Parses what rosey wrote, including the format of the first release: `table.t.column.old ->
/// table.t.column.new`.
pub fn decode_renames(text: &str) -> Vec<Rename> {
    if text.lines().any(|l| l.contains(" -> ") && !l.contains('"')) {
        return text.lines().filter_map(first_release).collect();
    }
    let some = |s: &String| Some(s.clone()).filter(|s| !s.is_empty());
    let blocks = read(text, &[]).unwrap_or_default();
    let rename = |b: crate::kdl::document::Block| match b.args.as_slice() {
        [schema, table, old, new] => {
            Some(Rename { kind: AnyKind::of_word(&b.name), schema: some(schema), table: some(table), old: old.clone(), new: new.clone() })
        }
        _ => None,
    };
    blocks.into_iter().filter_map(rename).collect()
}

fn first_release(line: &str) -> Option<Rename> {
    let (old, new) = line.split_once(" -> ")?;
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split('.').collect(), new.split('.').collect());
    let (kind, table) = match new.as_slice() {
        ["table", _] | ["table", _, _] => ("table", None),
        ["table", .., table, kind, _] => (*kind, Some((*table).to_owned())),
        _ => return None,
    };
    let schema = match (table.is_some(), new.as_slice()) {
        (false, ["table", schema, _]) | (true, ["table", schema, _, _, _]) => Some((*schema).to_owned()),
        _ => None,
    };
    Some(Rename { kind: AnyKind::of_word(kind), schema, table, old: (*old.last()?).to_owned(), new: (*new.last()?).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rename(kind: &str, schema: Option<&str>, table: Option<&str>, old: &str, new: &str) -> Rename {
        let text = |t: Option<&str>| t.map(str::to_owned);
        Rename { kind: AnyKind::of_word(kind), schema: text(schema), table: text(table), old: old.to_owned(), new: new.to_owned() }
    }

    #[test]
    fn every_name_comes_back() {
        let all = [
            rename("table", None, None, "a.b", "a -> b"),
            rename("column", Some("s p"), Some("t\n\"x\""), "ö", "select"),
            rename("materialized-view", None, None, "true", "7"),
        ];
        assert_eq!(decode_renames(&encode_renames(&all)), all);
    }

    #[test]
    fn the_first_releases_lines_are_read() {
        let text = "table.a -> table.b\ntable.b.column.x -> table.b.column.y\ntable.s.t.index.i -> table.s.t.index.j";
        let wanted = [
            rename("table", None, None, "a", "b"),
            rename("column", None, Some("b"), "x", "y"),
            rename("index", Some("s"), Some("t"), "i", "j"),
        ];
        assert_eq!(decode_renames(text), wanted);
    }
}
