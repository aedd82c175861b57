//! `column NAME TYPE FLAG… PROP=VALUE… { backfill; using; check; was }`.

use ::kdl::KdlValue;
use indexmap::map::Entry;

use super::node::{Arg, Node};
use super::writer::{self, Line, Writer};
use super::{allow, check, key, meant, quoted, reference, sequence, string_repr, types};
use crate::schema::{
    Column, Conflict, DefaultValue, Dialect, Directives, Explicit, Expr, Generated, Ident, Identity, KeyPart, Literal, Origin, PrimaryKey,
    Problem, RefAction, Table, Type, Unique,
};

#[derive(Clone, Copy, PartialEq)]
enum Flag {
    NotNull,
    PrimaryKey,
    Nullable,
    Unique,
    Autoincrement,
    Identity,
    PreventDestroy,
}

const FLAGS: [(&str, Flag); 7] = [
    ("not-null", Flag::NotNull),
    ("primary-key", Flag::PrimaryKey),
    ("nullable", Flag::Nullable),
    ("unique", Flag::Unique),
    ("autoincrement", Flag::Autoincrement),
    ("identity", Flag::Identity),
    ("prevent-destroy", Flag::PreventDestroy),
];

/// The properties that SQL writes as words.
const PROPERTIES: [&str; 3] = ["default", "collate", "comment"];

const CHILDREN: [&str; 6] = ["backfill", "using", "check", "sequence", "was", "allow"];

/// Reads a column into its table; key columns with `nullable` are added to `nullable`.
pub(super) fn decode(mut node: Node, table: &mut Table, nullable: &mut Vec<Ident>) {
    let Some(name) = node.required_name() else { return };
    let Some((ty, type_origin)) = decode_type(&mut node, &name) else {
        // The column exists, whatever its type: references to it are correct.
        table.columns.entry(name.clone()).or_insert_with(|| Column::new(name, Type::Text));
        return;
    };
    let mut column = Column::new(name.clone(), ty);
    (column.origin, column.type_origin) = (node.origin(), type_origin);
    column.only = node.only;
    let flags: Vec<Flag> = meant::flags(&mut node, "column flag", &FLAGS, &PROPERTIES);
    column.not_null = flags.contains(&Flag::NotNull);
    column.explicit_not_null = Explicit(column.not_null);
    column.prevent_destroy = flags.contains(&Flag::PreventDestroy);
    if flags.contains(&Flag::Nullable) {
        nullable.push(name.clone());
    }
    decode_props(&mut node, &mut column, &flags);
    decode_constraints(&mut node, &mut column, &flags, table);
    decode_children(&node, &mut column, table);
    let ctx = node.ctx;
    node.flags_with_values(FLAGS.iter().map(|(word, _)| *word));
    node.finish(&CHILDREN);
    match table.columns.entry(name) {
        Entry::Vacant(v) => {
            v.insert(column);
        }
        Entry::Occupied(o) => ctx.problem(
            Problem::new(format!("two columns are named `{}`", o.key()), o.get().origin.0, "the first")
                .also(column.origin.0, "the second")
                .help("rename one of the two"),
        ),
    }
}

fn decode_type(node: &mut Node, name: &Ident) -> Option<(Type, Origin)> {
    let help = format!("write `column {name} TYPE`, with a type such as integer, text or \"varchar(50)\"");
    let arg = node.required("a type", &help)?;
    let text = arg.text("a type")?;
    if FLAGS.iter().any(|(w, _)| *w == text) {
        node.problem(format!("column `{name}` has no type"), "the type must follow the name", help);
        return None;
    }
    Some((types::parse(&arg, text)?, Origin(Some(arg.span()))))
}

fn decode_props(node: &mut Node, column: &mut Column, flags: &[Flag]) {
    column.comment = node.prop_text("comment");
    column.collate = node.prop_ident("collate");
    column.was.extend(node.prop_ident("was"));
    column.default = node.prop("default").and_then(decode_default);
    column.identity = match node.prop("identity") {
        Some(arg) => arg.choice("`identity=`", &[("always", Identity::Always), ("by-default", Identity::ByDefault)]),
        None => flags.contains(&Flag::Identity).then_some(Identity::ByDefault),
    };
    let generated = node.prop("generated").and_then(|a| a.expr("`generated=`"));
    let stored = node.prop_bool("stored");
    match generated {
        Some(expr) => column.generated = Some(Generated { expr, stored }),
        None if stored => node.problem("`stored=` requires `generated=`", "here", "write generated=\"EXPRESSION\" stored=#true"),
        None => {}
    }
    if column.generated.is_some() && column.default.is_some() {
        node.problem("a generated column cannot have a default", "both are specified", "keep one of `generated=` and `default=`");
    }
}

pub(super) fn decode_default(arg: Arg) -> Option<DefaultValue> {
    if arg.is_sql() {
        return arg.expr("`default=`").map(|e| DefaultValue::new(Literal::Expr(e)));
    }
    let literal = match arg.value() {
        KdlValue::Null => return None,
        KdlValue::Bool(b) => Literal::Bool(*b),
        KdlValue::String(_) => Literal::String(arg.value_text("`default=`")?.to_owned()),
        KdlValue::Integer(_) | KdlValue::Float(_) => Literal::Number(arg.number()?),
    };
    Some(DefaultValue::new(literal))
}

/// Reads what is written on a column but belongs to the table: its key, unique constraint and foreign key.
fn decode_constraints(node: &mut Node, column: &mut Column, flags: &[Flag], table: &mut Table) {
    let mut conflict = node.prop("on-conflict").and_then(|a| a.choice("`on-conflict=`", &key::CONFLICTS)).flatten();
    let desc = node.prop("primary-key").map(|a| a.choice("`primary-key=`", &[("desc", true)]).unwrap_or(false));
    let part = || KeyPart::plain(column.name.clone());
    let mut primary = None;
    if flags.contains(&Flag::PrimaryKey) || desc.is_some() {
        let inline_desc = desc == Some(true);
        primary = Some(PrimaryKey {
            conflict: conflict.take(),
            autoincrement: flags.contains(&Flag::Autoincrement),
            inline_desc,
            directives: Directives::at(node.origin()),
            ..PrimaryKey::new(vec![KeyPart { desc: inline_desc, ..part() }])
        });
    } else if flags.contains(&Flag::Autoincrement) {
        node.problem("`autoincrement` requires `primary-key`", "here", "write `primary-key autoincrement`");
    }
    if flags.contains(&Flag::Nullable) && column.not_null {
        node.problem("a column cannot be both `nullable` and `not-null`", "here", "keep one of the two");
    }
    if let Some(primary) = primary {
        key::set_primary_key(node.ctx, table, primary);
    }
    if flags.contains(&Flag::Unique) {
        table.uniques.push(Unique { conflict: conflict.take(), directives: Directives::at(node.origin()), ..Unique::new(vec![part()]) });
    }
    if conflict.is_some() && !column.not_null {
        node.problem("`on-conflict=` has no constraint to apply to", "here", "use it with primary-key, unique or not-null");
    }
    column.not_null_conflict = conflict;
    if let Some(fk) = reference::decode_references(node, vec![column.name.clone()]) {
        table.foreign_keys.push(fk);
    }
}

fn decode_children(node: &Node, column: &mut Column, table: &mut Table) {
    for mut child in node.children() {
        match child.name() {
            "backfill" => only_once(&mut column.backfill, child, "backfill"),
            "using" => only_once(&mut column.using, child, "using"),
            "check" => table.checks.extend(check::decode(child)),
            "sequence" => decode_sequence(child, column),
            "allow" => column.allows.0.extend(allow::decode(child)),
            "was" => {
                column.was.extend(child.old_names());
                child.finish(&[]);
            }
            _ => node.unknown_child(&child, "node in a column:", &CHILDREN, FLAGS.map(|(word, _)| word)),
        }
    }
}

/// Reads the options of the column's own sequence, and reports a problem if it has none.
fn decode_sequence(child: Node, column: &mut Column) {
    if !column.ty.is_serial() && column.identity.is_none() {
        child.problem(
            format!("column `{}` has no sequence", column.name),
            "here",
            "remove `sequence`, or declare the column with `serial` or `identity`",
        );
    }
    column.sequence = sequence::decode_child(child);
}

fn only_once(slot: &mut Option<Expr>, child: Node, name: &str) {
    if let Some(first) = slot {
        let problem = Problem::new(format!("`{name}` is specified twice"), first.origin.0, "the first");
        child.ctx.problem(problem.also(child.at(), "the second").help("keep one of the two"));
        return;
    }
    *slot = child.sql_word(name);
}

pub(super) fn encode(column: &Column, table: &Table, out: &mut Writer) {
    let mut line = Line::new("column").ident(&column.name).text(&column.ty.to_string());
    let key = table.primary_key.as_ref().filter(|k| key::key_is_inline(k, table) && k.parts[0].column == column.name);
    let implied = table.in_key(&column.name) && column.not_null_conflict.is_none() && !column.explicit_not_null.0;
    if column.not_null && !implied {
        line = line.word("not-null");
    }
    if key.is_some_and(|k| !k.inline_desc) {
        line = line.word("primary-key");
    }
    if table.in_key(&column.name) && !column.not_null {
        line = line.word("nullable");
    }
    let unique = key::inline_unique(column, table);
    if unique.is_some() {
        line = line.word("unique");
    }
    if key.is_some_and(|k| k.autoincrement) {
        line = line.word("autoincrement");
    }
    if column.identity == Some(Identity::ByDefault) {
        line = line.word("identity");
    }
    if column.prevent_destroy {
        line = line.word("prevent-destroy");
    }
    line = encode_props(line, column, table);
    let conflict = key.and_then(|k| k.conflict).or(unique.and_then(|u| u.conflict)).or(column.not_null_conflict);
    line = line.maybe_prop("on-conflict", conflict.map(Conflict::word));
    line = line.maybe_prop("only", column.only.0.map(Dialect::word));
    line = line.maybe_prop("comment", column.comment.as_deref());
    out.node(line, encode_children(column));
}

fn encode_props(mut line: Line, column: &Column, table: &Table) -> Line {
    let inline = |k: &&PrimaryKey| k.inline_desc && key::key_is_inline(k, table) && k.parts[0].column == column.name;
    if table.primary_key.as_ref().filter(inline).is_some() {
        line = line.prop("primary-key", "desc");
    }
    if column.identity == Some(Identity::Always) {
        line = line.prop("identity", "always");
    }
    if let Some(default) = &column.default {
        line = line.raw_prop("default", &literal(&default.value));
    }
    if let Some(generated) = &column.generated {
        line = line.sql_prop("generated", &generated.expr);
        if generated.stored {
            line = line.raw_prop("stored", "#true");
        }
    }
    line = line.maybe_prop("collate", column.collate.as_ref().map(Ident::as_str));
    if let Some(fk) = reference::inline_foreign_key(column, table) {
        line = reference::encode_references(line, fk);
    }
    line.was(&column.was)
}

fn encode_children(column: &Column) -> Vec<Line> {
    let mut children: Vec<Line> = writer::was(&column.was).into_iter().collect();
    children.extend(column.backfill.as_ref().map(|e| Line::new("backfill").sql(e)));
    children.extend(column.using.as_ref().map(|e| Line::new("using").sql(e)));
    children.extend(sequence::encode_child(&column.sequence));
    children.extend(allow::lines(&column.allows));
    children
}

/// Returns a default in the schema language.
pub(crate) fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "#null".to_owned(),
        Literal::Bool(b) => format!("#{b}"),
        Literal::Number(n) if is_kdl_number(n) => n.clone(),
        Literal::Number(n) => format!("(sql){}", quoted(n)),
        Literal::String(s) => string_repr(s),
        Literal::Expr(e) => format!("(sql){}", quoted(&e.text)),
    }
}

/// Returns the keyword of a foreign key action, if it is not the default.
pub(crate) fn action(action: RefAction) -> Option<&'static str> {
    (action != RefAction::NoAction).then(|| action.word())
}

/// Returns whether KDL can parse the number as written: SQL also has `.5`, `5.`, and digits beyond 128 bits.
fn is_kdl_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'_') && !t.starts_with('_');
    // SQLite takes a literal with all 64 bits for a negative number, KDL does not.
    if let Some(hex) = unsigned.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).is_ok();
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    let fits = || ::kdl::KdlDocument::parse_v2(&format!("n {text}")).is_ok();
    digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits) && fits()
}
