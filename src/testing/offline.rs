//! Plans between two schemas without a database: with the same text as for a database that has the first one
//! and no rows.

use super::{TestError, desired, placed};
use crate::apply::{self, ApplyError, PlanOptions};
use crate::kdl::{self, Sources};
use crate::lint::{self, Levels};
use crate::plan::{Plan, State};
use crate::render::{self, Style};
use crate::schema::Dialect;

/// Returns the plan from one schema to another, both in the schema language, as `rosey plan` shows it. It is
/// deterministic, so a unit test can assert it:
///
/// ```
/// use rosey::{schema::Dialect, testing};
///
/// let before = "table users { column id serial primary-key; }";
/// let after = "table users { column id serial primary-key; column name text; }";
/// let plan = testing::plan_text(before, after, Dialect::Sqlite)?;
/// assert!(plan.ends_with("Plan: 0 to add, 1 to change, 0 to destroy.\n"));
/// # Ok::<(), rosey::testing::TestError>(())
/// ```
///
/// There are no rows to count, so possible violations are warnings. If only a PostgreSQL server could decide
/// whether two expressions are equal, they are treated as different.
///
/// # Errors
/// If a schema is invalid, or if no plan is possible.
pub fn plan_text(before: &str, after: &str, dialect: Dialect) -> Result<String, TestError> {
    let mut plan = plan(before, after, dialect)?;
    lint::annotate(&mut plan, &Levels::default(), &Sources::default(), &[]);
    Ok(render::text(&plan, "the schema", Style::default()))
}

/// Returns the plan itself, for tests that need more than its text: which objects change, its warnings, its
/// statements. [`plan_text`] also adds the linter's warnings ([`lint::annotate`]).
///
/// # Errors
/// The errors of [`plan_text`].
pub fn plan(before: &str, after: &str, dialect: Dialect) -> Result<Plan, TestError> {
    // Use a separate thread: the calling test may have an event loop running.
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(TestError::System)?;
        runtime.block_on(between(before, after, dialect))
    };
    let lost = || Err(TestError::System(std::io::Error::other("the planning thread ended unexpectedly")));
    std::thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|_| lost()))
}

async fn between(before: &str, after: &str, dialect: Dialect) -> Result<Plan, TestError> {
    let sources = Sources::from_text("after", after);
    let state = state(before, dialect).await?;
    let made = apply::plan_offline(&state, &desired(&sources, dialect)?, PlanOptions::default()).await.map_err(|e| placed(&sources, e))?;
    Ok(made.plan)
}

/// Returns the state of a database with this schema and no rows.
async fn state(before: &str, dialect: Dialect) -> Result<State, TestError> {
    let sources = Sources::from_text("before", before);
    let schema = desired(&sources, dialect)?;
    let made = apply::state_of(&schema, dialect).await.map_err(|e| match e {
        ApplyError::Unreadable(why) => TestError::Before(why),
        other => placed(&sources, other),
    })?;
    Ok(State::new(dialect, kdl::encode(schema.written()), made.facts))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "table users {
        column id serial primary-key
        column name \"varchar(20)\" not-null
        column age integer default=18
        check \"age > 0\"
        unique name
        index idx_users_age age
    }
    view adults { as \"SELECT id FROM users WHERE age >= 18\" }";

    #[test]
    fn a_schema_is_itself() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert_eq!(plan_text(BEFORE, BEFORE, dialect).unwrap(), "No changes. The database matches the schema.\n");
        }
    }

    #[test]
    fn nothing_is_a_schema_to_begin_with() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert!(plan_text("", BEFORE, dialect).unwrap().ends_with("Plan: 2 to add, 0 to change, 0 to destroy.\n"));
        }
    }

    #[test]
    fn the_linters_warnings_are_shown() {
        let text = plan_text("table a { column name text }", "table a { column full_name text }", Dialect::Postgres).unwrap();
        assert!(text.contains("! breaks-clients: ") && text.contains("! looks-like-rename: "), "{text}");
    }

    #[test]
    fn what_a_columns_line_says_is_said_once() {
        let before = "table p { column id integer primary-key }\ntable t { column id integer primary-key\n column k integer }";
        let after = before.replace("column k integer", "column u integer unique\n column r integer references=\"p(id)\"");
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for (from, to) in [(before, after.as_str()), (&after, before)] {
                let text = plan_text(from, to, dialect).unwrap();
                assert_eq!(text.matches("references=").count(), 1, "{text}");
                assert!(text.contains("column u integer unique") && !text.contains(" unique u"), "{text}");
            }
        }
    }

    #[test]
    fn an_event_loop_is_no_hindrance() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(async { plan("", BEFORE, Dialect::Sqlite) }).is_ok());
    }

    #[test]
    fn a_wrong_schema_is_shown_with_its_line() {
        let said = plan_text("", "table users { colum id serial }", Dialect::Sqlite).unwrap_err().to_string();
        assert!(said.contains("did you mean `column`?") && said.contains("colum id serial"), "{said}");
    }
}
