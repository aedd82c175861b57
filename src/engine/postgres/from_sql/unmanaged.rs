//! Objects that are not managed: functions, triggers, policies and the like, reported as `inspect` reports
//! them.

use super::cursor::{Cursor, Read};
use super::table::spelled;
use super::{HOME, Reader};
use crate::engine::postgres::kinds;
use crate::schema::{AnyKind, DefinedKind, Kind, UnmanagedKind};

/// The kinds that do not belong to a table, each with whether it is in a schema.
const PLAIN: [(&str, UnmanagedKind); 4] = [
    ("collation", UnmanagedKind::Collation),
    ("event trigger", UnmanagedKind::EventTrigger),
    ("publication", UnmanagedKind::Publication),
    ("foreign table", UnmanagedKind::ForeignTable),
];

/// The kinds that belong to a table or view.
const STANDING: [(&str, AnyKind); 4] = [
    ("trigger", AnyKind::Object(Kind::Defined(DefinedKind::Trigger))),
    ("constraint trigger", AnyKind::Object(Kind::Defined(DefinedKind::Trigger))),
    ("policy", AnyKind::Unmanaged(UnmanagedKind::Policy)),
    ("rule", AnyKind::Unmanaged(UnmanagedKind::Rule)),
];

impl Reader {
    /// Reads what follows `CREATE`: an object that is only reported.
    pub(super) fn create_unmanaged(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        if c.take("aggregate") {
            let name = c.name()?;
            let arguments = arguments(c.group()?.rest().unwrap_or_default());
            self.report_unmanaged(UnmanagedKind::Aggregate, format!("{}({arguments})", spelled(&name)), None);
        } else if c.is("operator") && !c.is_any(&["operator class", "operator family"]) {
            c.take("operator");
            let name = operator(c)?;
            self.report_unmanaged(UnmanagedKind::Operator, name, None);
        } else if let Some(kind) = c.take_one(&PLAIN) {
            c.take("if not exists");
            let name = c.name()?;
            let shown = if kind == UnmanagedKind::ForeignTable { name.to_string() } else { spelled(&name) };
            if kind == UnmanagedKind::ForeignTable {
                self.hidden.insert(name);
            }
            self.report_unmanaged(kind, shown, None);
        } else if let Some(kind) = c.take_one(&STANDING) {
            self.create_standing(c, kind)?;
        } else {
            return at.refuse("rosey does not support this kind of object");
        }
        Ok(())
    }

    fn create_standing(&mut self, c: &mut Cursor, kind: AnyKind) -> Read<()> {
        c.take("if not exists");
        let name = c.last_name()?;
        // A rule contains ON SELECT TO t; UPDATE OF in a trigger may name anything but a table.
        let word = match kind {
            AnyKind::Unmanaged(UnmanagedKind::Rule) => "to",
            _ => "on",
        };
        while !c.take(word) {
            if c.done() {
                return c.unknown();
            }
            c.skip()?;
        }
        c.take("only");
        let on = c.name()?;
        self.report_unmanaged_on(kind, &name, &on);
        Ok(())
    }

    /// Reads what follows `ALTER`: owners and the like of unmanaged objects and of schemas. Renames are not
    /// accepted, because they would change the reported name.
    pub(super) fn alter_unmanaged(&mut self, c: &mut Cursor) -> Read<()> {
        let from = *c;
        while !c.done() {
            if c.is_any(&["rename to", "set schema"]) {
                return from.refuse("this form of ALTER is not supported");
            }
            c.skip()?;
        }
        Ok(())
    }
}

/// Reads what follows `CREATE OPERATOR`: its name and the types of its operands, as `regoperator` prints
/// them.
fn operator(c: &mut Cursor) -> Read<String> {
    let from = *c;
    while !c.done() && !c.is_symbol('(') {
        c.skip()?;
    }
    let name = c.since(&from).trim_start_matches("public.").to_owned();
    let (mut left, mut right) = ("none".to_owned(), "none".to_owned());
    for part in c.parts()? {
        let (key, value) = part;
        match key.as_str() {
            "leftarg" => left = kinds::type_shown(&value, HOME),
            "rightarg" => right = kinds::type_shown(&value, HOME),
            _ => {}
        }
    }
    Ok(format!("{name}({left},{right})"))
}

/// Returns the types of the arguments of an aggregate, as `regprocedure` prints them.
fn arguments(text: &str) -> String {
    let order = text.to_ascii_lowercase().find("order by");
    let parts = order.map_or([text, ""], |at| [&text[..at], &text[at + "order by".len()..]]);
    if text.trim() == "*" {
        return "*".to_owned();
    }
    let types = parts.iter().filter_map(|part| kinds::identity(part, HOME)).filter(|types| !types.is_empty());
    types.collect::<Vec<_>>().join(",").replace(", ", ",")
}
