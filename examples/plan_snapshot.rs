//! A plan that a unit test asserts, without a database: the review of a schema change shows what the change will do.
//!
//! ```text
//! cargo run --example plan_snapshot
//! ```

use rosey::schema::Dialect;
use rosey::testing::{self, TestError};

/// The schema of the last release.
const RELEASED: &str = r#"
table notes {
    column id serial primary-key
    column title text not-null
    column body text
}
"#;

/// The current schema of the application.
const SCHEMA: &str = include_str!("notes.kdl");

/// Returns what the next release changes in a database of the last one.
pub fn upgrade() -> Result<String, TestError> {
    testing::plan_text(RELEASED, SCHEMA, Dialect::Sqlite)
}

fn main() -> Result<(), TestError> {
    print!("{}", upgrade()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upgrade_is_as_reviewed() {
        insta::assert_snapshot!(upgrade().unwrap(), @r"
        +  create
        ~  change in place

        # table.notes will be changed in place (ALTER TABLE)
        ~ table notes {
        +     column pinned boolean not-null default=#false
        +     index idx_notes_pinned (pinned)
              # 3 unchanged columns
          }

        Plan: 0 to add, 1 to change, 0 to destroy.
        ");
    }

    #[test]
    fn it_destroys_nothing() {
        let plan = testing::plan(RELEASED, SCHEMA, Dialect::Postgres).unwrap();
        assert!(plan.blocking(false, &[]).is_empty());
    }
}
