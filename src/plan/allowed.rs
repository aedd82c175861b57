//! Permission for one hazard at one object, and at no other. Hazards that block an apply cannot be permitted.

use super::{Code, Hazard, Level};
use crate::schema::nearest;

/// The word for every code that destroys data.
const ANY: &str = "destroy";

/// `CODE:ADDRESS`: permission for one hazard, at an object and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowed {
    /// The code; all codes that destroy data if `None`.
    code: Option<Code>,
    /// The address.
    address: String,
}

impl Allowed {
    /// Parses `destroys-column:table.users.column.email`, `destroy:table.old_things`,
    /// `breaks-clients:table.users`.
    ///
    /// # Errors
    /// If the text is invalid: what to write instead.
    pub fn parse(text: &str) -> Result<Allowed, String> {
        let Some((word, address)) = text.split_once(':').filter(|(_, a)| !a.trim().is_empty()) else {
            return Err("expected CODE:ADDRESS, for example destroy:table.old_things".to_owned());
        };
        let code = match known().find(|c| c.name() == word) {
            Some(code) => Some(code),
            None if word == ANY => None,
            None => return Err(unknown(word)),
        };
        Ok(Allowed { code, address: address.trim().to_owned() })
    }

    /// Returns true if it permits destroying data.
    pub fn destroys(&self) -> bool {
        self.code.is_none_or(|c| c.own_level() == Level::Destroys)
    }

    /// Returns the permission for everything that the hazard's object loses.
    pub fn to_destroy(hazard: &Hazard) -> Allowed {
        Allowed { code: None, address: hazard.address.to_string() }
    }

    /// Returns the permission for exactly this hazard.
    pub fn exactly(hazard: &Hazard) -> Allowed {
        Allowed { code: Some(hazard.code), address: hazard.address.to_string() }
    }

    /// Returns true if it permits this hazard. A warning requires permission only if the project made it stop
    /// an apply.
    pub fn covers(&self, hazard: &Hazard) -> bool {
        let may = match hazard.level {
            Level::Destroys => self.code.is_none_or(|c| c == hazard.code),
            Level::Warns => self.code == Some(hazard.code),
            Level::Blocks | Level::Notes => false,
        };
        may && hazard.address.is_named_by(&self.address)
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.code.map_or(ANY, Code::name), self.address)
    }
}

fn known() -> impl Iterator<Item = Code> {
    Code::DESTROYS.into_iter().chain(Code::WARNS)
}

fn unknown(word: &str) -> String {
    if Code::of_name(word).is_some() {
        return format!("{word} always blocks and cannot be allowed; rosey explain {word} shows how to fix it");
    }
    let names = || [ANY].into_iter().chain(known().map(Code::name));
    match nearest(word, names()) {
        Some(near) => format!("unknown code {word}; did you mean {near}?"),
        None => format!("unknown code {word}; known codes: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Address;
    use crate::schema::{Kind, Part};

    fn hazard(code: Code, level: Level) -> Hazard {
        Hazard::new(code, level, Address::top(Kind::Table, "app.users").child(Part::Column, "a.b"), "", "")
    }

    #[test]
    fn leave_is_for_an_object_and_its_parts() {
        let lost = hazard(Code::DestroysColumn, Level::Destroys);
        for (text, wanted) in [
            ("destroy:table.app.users.column.a.b", true),
            ("destroys-column:table.app.users", true),
            ("destroys-table:table.app.users", false),
            ("destroy:table.app", false),
            ("destroy:table.app.users.column.a", false),
            ("breaks-clients:table.app.users", false),
        ] {
            assert_eq!(Allowed::parse(text).unwrap().covers(&lost), wanted, "{text}");
        }
        let blocked = hazard(Code::DestroysColumn, Level::Blocks);
        assert!(!Allowed::parse("destroy:table.app.users").unwrap().covers(&blocked));
        let warns = hazard(Code::BreaksClients, Level::Warns);
        assert!(Allowed::parse("breaks-clients:table.app.users").unwrap().covers(&warns));
        assert!(!Allowed::parse("destroy:table.app.users").unwrap().covers(&warns));
    }

    #[test]
    fn what_is_no_leave() {
        for (text, wanted) in [
            ("destroy", "CODE:ADDRESS"),
            ("destroy:", "CODE:ADDRESS"),
            ("destroys-colum:table.a", "did you mean destroys-column?"),
            ("breaks-check:table.a", "cannot be allowed"),
            ("x:table.a", "known codes: destroy, destroys-table"),
        ] {
            let error = Allowed::parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
