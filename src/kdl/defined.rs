//! Objects that SQL defines as a whole, all in one form: `trigger NAME { as "…" }` with everything that
//! follows the name in SQL, or `trigger NAME { from "FILE" }` with a file that contains the whole statement. Of
//! the SQL, only the head of a statement and what identifies an object is read here.

use super::node::{Ctx, Node};
use super::other::sql_child;
use super::writer::{self, Line, Writer};
use super::{allow, limits};
use crate::schema::{Allows, DefinedKind, Definition, Directives, Expr, Head, Ident, IdentifiedBy, ObjectName, Of, Problem, statement};

/// The children that a node may have.
const CHILDREN: [&str; 4] = ["as", "from", "was", "allow"];

pub(super) fn decode(kind: DefinedKind, mut node: Node) -> Option<Definition> {
    let (ctx, origin) = (node.ctx, node.origin());
    let mut name = node.object_name()?;
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let comment = node.prop_text("comment");
    let mut allows = Allows::default();
    let has_file = node.children().iter().any(|child| child.name() == "from");
    let (body_child, other) = if has_file { ("from", "as") } else { ("as", "from") };
    let body = sql_child(node, body_child, &CHILDREN, |mut child| match child.name() {
        "allow" => allows.0.extend(allow::decode(child)),
        "was" => {
            was.extend(child.old_names());
            child.finish(&[]);
        }
        _ => child.problem(format!("`{body_child}` and `{other}` are both specified"), "the second", "keep one of the two"),
    })?;
    let body = if has_file { from_file(ctx, kind, &name, body)? } else { body };
    let table = identify(ctx, kind, &mut name, &body)?;
    let head = Head { comment, directives: Directives { was, allows, ..Directives::at(origin) }, ..Head::new(name) };
    Some(Definition { kind, head, body, table })
}

/// Returns the body of the statement in a file, which must create the object that the node declares.
fn from_file(ctx: &Ctx, kind: DefinedKind, name: &ObjectName, path: Expr) -> Option<Expr> {
    let at = path.origin.0;
    let wrong = |why: String| {
        let message = format!("`{}` does not create {kind} `{}`: {why}", path.text, name.plain());
        let help = format!("a file contains one statement: CREATE {} {} …", kind.sql(), name.plain());
        ctx.problem(Problem::new(message, at, "read from here").help(help));
    };
    // What could not be read has been reported with the files.
    let text = ctx.text_of(&path.text)?;
    match statement::created(text, kind, ctx.dialect.capabilities().folds_case) {
        Err(why) => wrong(why),
        Ok(found) if !name.name.matches(&found.name) => wrong(format!("it creates `{}`", found.name)),
        Ok(found) if has_other_schema(name, found.schema.as_deref()) => {
            wrong(format!("it creates it in schema `{}`", found.schema.unwrap_or_default()));
        }
        Ok(found) => match limits::of_sql(found.body, limits::WORD) {
            Some(why) => wrong(format!("the SQL {why}")),
            None => return Some(Expr { origin: path.origin, ..Expr::new(found.body) }),
        },
    }
    None
}

fn has_other_schema(name: &ObjectName, found: Option<&str>) -> bool {
    found.is_some_and(|found| name.schema.as_ref().is_some_and(|s| !s.matches(found)))
}

/// Adds to a name what else identifies the object in this database, and returns the table or view that it is
/// on. The engine puts the types of arguments into one spelling.
fn identify(ctx: &Ctx, kind: DefinedKind, name: &mut ObjectName, body: &Expr) -> Option<Option<ObjectName>> {
    let capabilities = ctx.dialect.capabilities();
    let on = kind.relation_keyword().and_then(|keyword| statement::relation_after(&body.text, keyword, capabilities.folds_case));
    let table = on.map(|(schema, table)| ObjectName::new(schema.map(|s| ctx.ident(&s)), ctx.ident(&table)));
    let lacks = |what: &str, help: String| {
        ctx.problem(Problem::new(format!("{kind} `{name}`: its SQL does not {what}"), body.origin.0, "here").help(help));
    };
    match kind.identified_by(ctx.dialect) {
        IdentifiedBy::Name => {}
        IdentifiedBy::Arguments => match statement::arguments(&body.text) {
            Some(arguments) => name.of = Of::Arguments(arguments.split_whitespace().collect::<Vec<_>>().join(" ").into()),
            None => {
                lacks("begin with its arguments", format!("write everything that follows the name: `{kind} NAME {{ as \"(…) …\" }}`"));
                return None;
            }
        },
        IdentifiedBy::Relation => match &table {
            Some(table) if name.schema.as_ref().is_none_or(|s| Some(s) == table.schema.as_ref()) => {
                (name.schema, name.of) = (table.schema.clone(), Of::on(table.name.clone()));
            }
            Some(table) => {
                lacks(&format!("name the schema of `{table}`"), "a trigger is in the schema of its table: name it in the SQL".to_owned());
                return None;
            }
            None => {
                lacks("say what it is on", format!("write everything that follows the name: `{kind} NAME {{ as \"… ON TABLE …\" }}`"));
                return None;
            }
        },
    }
    Some(table)
}

/// Returns the files that the node of an object names, with their positions in its text.
pub(super) fn files(node: &::kdl::KdlNode) -> impl Iterator<Item = &::kdl::KdlEntry> {
    let children = node.children().map_or(&[][..], |c| c.nodes());
    children.iter().filter(|c| c.name().value() == "from").filter_map(|c| c.entries().first())
}

pub(super) fn encode(definition: &Definition, out: &mut Writer) {
    // The SQL names the table, and with it the schema.
    let name = if matches!(definition.name.of, Of::Relation(_)) {
        ObjectName::bare(definition.name.name.clone())
    } else {
        definition.name.clone()
    };
    let line = Line::named(definition.kind.into(), &name).was(&definition.was).maybe_prop("comment", definition.comment.as_deref());
    let more = writer::was(&definition.was).into_iter().chain(allow::lines(&definition.allows)).collect();
    out.sql_block(line, "as", &definition.body.text, more);
}
