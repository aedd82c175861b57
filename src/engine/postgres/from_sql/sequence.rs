//! `CREATE SEQUENCE` and `ALTER SEQUENCE … OWNED BY`
//! (<https://www.postgresql.org/docs/current/sql-createsequence.html>).

use super::cursor::{Cursor, Read};
use super::{HOME, Reader};
use crate::engine::postgres::inspect::build::{explicit_options, is_reserved};
use crate::engine::postgres::read_type;
use crate::schema::{Ident, ObjectName, Sequence, SequenceOptions, Type};

/// Reads the sequence options that are not the default, and the name that `SEQUENCE NAME` gives.
pub(super) fn options(c: &mut Cursor, ty: &Type) -> Read<(SequenceOptions, Option<ObjectName>)> {
    let (mut options, mut name) = (SequenceOptions::default(), None);
    while !c.done() {
        if c.take("sequence name") {
            name = Some(c.name()?);
        } else if !(c.take("logged") || c.take("unlogged") || option(c, &mut options)?) {
            break;
        }
    }
    Ok((explicit_options(ty, &options), name))
}

/// Reads one sequence option, if there is one.
fn option(c: &mut Cursor, options: &mut SequenceOptions) -> Read<bool> {
    if c.take("start") {
        c.take("with");
        options.start = Some(c.number()?);
    } else if c.take("increment") {
        c.take("by");
        options.increment = Some(c.number()?);
    } else if c.take("minvalue") {
        options.min = Some(c.number()?);
    } else if c.take("maxvalue") {
        options.max = Some(c.number()?);
    } else if c.take("cache") {
        options.cache = Some(c.number()?);
    } else if c.take("cycle") {
        options.cycle = true;
    } else if c.take("restart") {
        c.take("with");
        if !c.done() {
            c.number()?;
        }
    } else {
        return Ok(c.take("no minvalue") || c.take("no maxvalue") || c.take("no cycle"));
    }
    Ok(true)
}

impl Reader {
    /// Reads what follows `CREATE [UNLOGGED] SEQUENCE`.
    pub(super) fn create_sequence(&mut self, c: &mut Cursor) -> Read<()> {
        let if_missing = c.take("if not exists");
        let name = c.name()?;
        if is_reserved(&name) {
            self.hidden.insert(name);
            return Ok(());
        }
        if self.is_known(&name) {
            return if if_missing { Ok(()) } else { c.refuse(format!("`{name}` is created twice")) };
        }
        self.with_options(c, Sequence::new(name, Type::BigInt))
    }

    /// Reads what follows `ALTER SEQUENCE`.
    pub(super) fn alter_sequence(&mut self, c: &mut Cursor) -> Read<()> {
        c.take("if exists");
        let at = *c;
        let name = c.name()?;
        if c.is_any(&["owner to", "set logged", "set unlogged"]) || self.hidden.contains(&name) || self.identities.contains(&name) {
            return self.owner(c, &name);
        }
        match self.schema.sequences.get(&name).cloned() {
            Some(sequence) => self.with_options(c, sequence),
            None => at.refuse(format!("sequence `{name}` does not exist yet")),
        }
    }

    fn with_options(&mut self, c: &mut Cursor, mut sequence: Sequence) -> Read<()> {
        let mut given = sequence.options.clone();
        while !c.done() {
            if c.take("as") {
                sequence.ty = read_type::read(c.ident()?.as_str(), HOME);
            } else if c.take("owned by") {
                sequence.owned_by = owner(c)?;
            } else if !option(c, &mut given)? {
                return c.unknown();
            }
        }
        sequence.options = explicit_options(&sequence.ty, &given);
        self.schema.sequences.insert(sequence.name.clone(), sequence);
        Ok(())
    }
}

/// Reads `NONE`, or a table and its column.
fn owner(c: &mut Cursor) -> Read<Option<(ObjectName, Ident)>> {
    if c.take("none") {
        return Ok(None);
    }
    let from = *c;
    let mut path = c.path()?;
    let column = path.pop();
    let table = from.object(&path)?;
    Ok(column.map(|column| (table, column)))
}
