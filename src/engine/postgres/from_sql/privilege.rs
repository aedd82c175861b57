//! `GRANT` and default privileges: reported in the same cases and in the same way as by `inspect`
//! (<https://www.postgresql.org/docs/current/ddl-priv.html>).

use super::Reader;
use super::cursor::{Cursor, Read};
use super::table::spelled;
use crate::engine::postgres::read_type::plain_or_quoted;
use crate::schema::{Ident, UnmanagedKind};

const OF_A_TABLE: [&str; 7] = ["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
const OF_A_SEQUENCE: [&str; 3] = ["SELECT", "UPDATE", "USAGE"];

impl Reader {
    /// Reads what follows `GRANT`.
    pub(super) fn grant(&mut self, c: &mut Cursor) -> Read<()> {
        let Some(privileges) = privileges(c)? else { return Ok(()) };
        if !c.take("on") {
            return Ok(()); // a role granted to a role
        }
        let untold =
            ["schema", "function", "procedure", "routine", "database", "language", "tablespace", "parameter", "all", "large object"];
        if c.is_any(&untold) || c.is("foreign") {
            return Ok(());
        }
        let (sequence, ty) = (c.take("sequence"), c.take("type") || c.take("domain"));
        c.take("table");
        let mut names = vec![c.name()?];
        while c.symbol(',') {
            names.push(c.name()?);
        }
        c.expect("to")?;
        let to = grantees(c)?;
        let option = if c.take("with grant option") { " with grant option" } else { "" };
        for name in names {
            let sequence = sequence || self.schema.sequences.contains_key(&name) || self.identities.contains(&name);
            let all: &[&str] = if ty {
                &["USAGE"]
            } else if sequence {
                &OF_A_SEQUENCE
            } else {
                &OF_A_TABLE
            };
            let owner = self.owners.get(&name).cloned();
            for who in to.iter().filter(|who| Some(*who) != owner.as_ref()) {
                for word in expanded(&privileges, all) {
                    let on = if ty { format!("type {}", spelled(&name)) } else { spelled(&name) };
                    let option = if ty { "" } else { option };
                    self.report_unmanaged(
                        UnmanagedKind::Privilege,
                        format!("{word} on {on} to {}{option}", plain_or_quoted(who.as_str())),
                        None,
                    );
                }
            }
        }
        Ok(())
    }

    /// Reads what follows `ALTER DEFAULT PRIVILEGES`.
    pub(super) fn default_privileges(&mut self, c: &mut Cursor) -> Read<()> {
        let mut place = String::new();
        loop {
            if c.take("for role") || c.take("for user") {
                c.ident()?;
            } else if c.take("in schema") {
                place = format!(" in {}", plain_or_quoted(c.ident()?.as_str()));
            } else {
                break;
            }
        }
        if c.is("revoke") {
            return Ok(());
        }
        c.expect("grant")?;
        let Some(privileges) = privileges(c)? else { return c.unknown() };
        c.expect("on")?;
        let kinds: [(&str, (char, &[&str])); 6] = [
            ("tables", ('r', &OF_A_TABLE)),
            ("sequences", ('S', &OF_A_SEQUENCE)),
            ("functions", ('f', &["EXECUTE"])),
            ("routines", ('f', &["EXECUTE"])),
            ("types", ('T', &["USAGE"])),
            ("schemas", ('n', &["USAGE", "CREATE"])),
        ];
        let Some((letter, all)) = c.take_one(&kinds) else { return c.unknown() };
        c.expect("to")?;
        for who in grantees(c)? {
            for word in expanded(&privileges, all) {
                self.report_unmanaged(
                    UnmanagedKind::DefaultPrivilege,
                    format!("{letter}{place} to {}: {word}", plain_or_quoted(who.as_str())),
                    None,
                );
            }
        }
        Ok(())
    }
}

/// Reads the privileges, in upper case; returns `None` for privileges on columns, which `inspect` does not
/// report.
fn privileges(c: &mut Cursor) -> Read<Option<Vec<String>>> {
    let mut words = Vec::new();
    loop {
        words.push(c.ident()?.to_string().to_uppercase());
        c.take("privileges");
        if c.is_symbol('(') {
            return Ok(None);
        }
        if !c.symbol(',') {
            return Ok(Some(words));
        }
    }
}

fn expanded(privileges: &[String], all: &[&str]) -> Vec<String> {
    if privileges == ["ALL"] { all.iter().map(|w| (*w).to_owned()).collect() } else { privileges.to_vec() }
}

fn grantees(c: &mut Cursor) -> Read<Vec<Ident>> {
    let mut to = vec![c.ident()?];
    while c.symbol(',') {
        to.push(c.ident()?);
    }
    Ok(to)
}
