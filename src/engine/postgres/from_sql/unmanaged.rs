//! Objects that are not managed: functions, triggers, policies and the like, reported as `inspect` reports
//! them.

use super::cursor::{Cursor, Read};
use super::table::spelled;
use super::{HOME, Reader};
use crate::engine::postgres::{read_type, types};
use crate::schema::{AnyKind, DefinedKind, Kind, Type, UnmanagedKind};

/// The kinds that do not belong to a table, each with whether it is in a schema.
const PLAIN: [(&str, UnmanagedKind); 4] = [
    ("collation", UnmanagedKind::Collation),
    ("event trigger", UnmanagedKind::EventTrigger),
    ("publication", UnmanagedKind::Publication),
    ("foreign table", UnmanagedKind::ForeignTable),
];

/// The kinds with arguments.
const ROUTINES: [(&str, UnmanagedKind); 3] =
    [("function", UnmanagedKind::Function), ("procedure", UnmanagedKind::Procedure), ("aggregate", UnmanagedKind::Aggregate)];

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
        if let Some(kind) = c.take_one(&ROUTINES) {
            let name = c.name()?;
            let arguments = arguments(&mut c.group()?)?;
            self.report_unmanaged(kind, format!("{}({arguments})", spelled(&name)), None);
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

/// Reads the types of the input arguments, as `regprocedure` prints them.
fn arguments(c: &mut Cursor) -> Read<String> {
    let mut types = Vec::new();
    while !c.done() {
        if c.symbol('*') {
            return Ok("*".to_owned());
        }
        c.take("order by");
        let out = c.is("out");
        let from = *c;
        c.skip()?;
        let mut text = if from.is_any(&["in", "out", "inout", "variadic"]) { String::new() } else { c.since(&from).to_owned() };
        while !c.done() && !c.is_any(&["default", "order by"]) && !c.is_symbol(',') && !c.is_symbol('=') {
            let piece = *c;
            c.skip()?;
            let tight = piece.is_symbol('.') || text.ends_with('.') || piece.is_symbol('(') || piece.is_symbol('[');
            text = format!("{text}{}{}", if tight || text.is_empty() { "" } else { " " }, c.since(&piece));
        }
        if !out {
            types.push(shown(&without_name(&text)));
        }
        while !c.done() && !c.is_symbol(',') && !c.is("order by") {
            c.skip()?;
        }
        c.symbol(',');
    }
    Ok(types.join(","))
}

/// Returns an argument's type without its name.
fn without_name(text: &str) -> String {
    let Some((first, rest)) = text.split_once(' ') else { return text.to_owned() };
    let second = rest.split([' ', '(']).next().unwrap_or_default().to_lowercase();
    let first_of_a_type = match first.to_lowercase().split('(').next().unwrap_or_default() {
        "double" => second == "precision",
        "character" | "bit" | "char" | "nchar" => second == "varying",
        "national" => second.starts_with("char"),
        "time" | "timestamp" => second == "with" || second == "without",
        "interval" => ["year", "month", "day", "hour", "minute", "second"].contains(&second.as_str()),
        _ => false,
    };
    let whole = first_of_a_type || rest.to_lowercase().starts_with("array");
    if whole { text.to_owned() } else { rest.to_owned() }
}

/// Returns a type as `format_type` prints it, without its modifiers.
fn shown(text: &str) -> String {
    let ty = read_type::read(text, HOME);
    let sql = types::type_sql(&ty);
    let array = if sql.ends_with("[]") { "[]" } else { "" };
    let base = sql.trim_end_matches("[]");
    let base = base.split_once('(').map_or(base, |(head, _)| head);
    let long = match (base, &ty) {
        ("varchar", _) => "character varying",
        ("char", Type::Char(_)) | ("bpchar", _) => "character",
        ("timestamp", _) => "timestamp without time zone",
        ("timestamptz", _) => "timestamp with time zone",
        ("time", _) => "time without time zone",
        ("timetz", _) => "time with time zone",
        ("varbit", _) => "bit varying",
        (other, _) => other,
    };
    format!("{long}{array}")
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
            "leftarg" => left = shown(&value),
            "rightarg" => right = shown(&value),
            _ => {}
        }
    }
    Ok(format!("{name}({left},{right})"))
}
