//! Decides where a password from the environment may be sent: to a host named by the environment or the user,
//! never to one named only in a file of the repository, because anybody who can propose a change can edit
//! that.

use std::path::PathBuf;

use crate::engine::{Address, Trust};

/// The source of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The command line, a variable, or a file named on the command line.
    ByUser,
    /// A file that rosey found in the working directory.
    InRepository,
}

/// Returns how far a URL is trusted.
pub(super) fn trust(address: &Address, written: Written) -> Trust {
    match written {
        Written::ByUser => Trust::Full,
        Written::InRepository if names_host(address) => Trust::Host,
        Written::InRepository => Trust::Nothing,
    }
}

/// Returns whether the environment has a password for this host: by PGHOST, or by a line in the password
/// file.
fn names_host(address: &Address) -> bool {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if variable("PGHOST").is_some_and(|host| host.eq_ignore_ascii_case(&address.host)) {
        return true;
    }
    if std::env::var_os("PGPASSWORD").is_some() {
        return false;
    }
    let own = std::env::home_dir().map(|home| home.join(".pgpass"));
    let files = [variable("PGPASSFILE").map(PathBuf::from), own];
    let lines = files.into_iter().flatten().find_map(|file| matching(&std::fs::read_to_string(file).ok()?, address));
    lines.is_some_and(|host| host != "*")
}

/// Returns the host of the first matching line in a password file
/// (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).
fn matching(text: &str, address: &Address) -> Option<String> {
    let wanted = [&address.host, &address.port.to_string(), &address.database, &address.user];
    text.lines().filter(|l| !l.starts_with('#')).map(fields).find_map(|fields| {
        let matches = fields.len() >= 5 && fields.iter().zip(&wanted).all(|(field, wanted)| field == "*" || field == *wanted);
        matches.then(|| fields[0].clone())
    })
}

/// Splits a line into fields; a backslash escapes a colon and itself.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (c, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(last)) => last.extend(characters.next()),
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_matches_tells_the_host() {
        let address = crate::engine::Database::open("postgresql://ada@db.example:5433/chat").unwrap().address().unwrap();
        for (text, wanted) in [
            ("db.example:5433:chat:ada:x", Some("db.example")),
            ("*:*:*:*:x\ndb.example:5433:chat:ada:y", Some("*")),
            ("# db.example:*:*:*:x\nother:*:*:*:x\n", None),
            ("db.example:5432:chat:ada:x", None),
            ("db.example:*:*:ada", None),
        ] {
            assert_eq!(matching(text, &address).as_deref(), wanted, "{text}");
        }
        assert_eq!(fields("a\\:b:c\\\\"), ["a:b", "c\\"]);
    }
}
