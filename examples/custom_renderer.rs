//! A custom format for a plan: a checklist for a ticket, made from the view that all formats of rosey are made from.
//!
//! ```text
//! cargo run --example custom_renderer
//! ```

use rosey::plan::{Level, Plan};
use rosey::render::{Symbol, View, escape};
use rosey::schema::Dialect;
use rosey::testing::{self, TestError};

const BEFORE: &str = "table notes { column id serial primary-key; column title text; column draft text; }";
const AFTER: &str = "table notes { column id serial primary-key; column title text not-null; }
table tags { column name text primary-key; }";

/// Returns one line for each object, followed by what to check. Names come from a database, so they are escaped.
pub fn checklist(plan: &Plan) -> String {
    let view = View::of(plan, "the schema");
    let mut text = String::new();
    for block in &view.blocks {
        let changes = block.lines.iter().filter(|l| l.symbol != Symbol::None).count();
        text.push_str(&format!("[ ] {} ({changes} changes)\n", escape(&block.headline)));
        for note in &block.notes {
            let word = match note.level {
                Level::Blocks => "cannot be done",
                Level::Destroys => "destroys data",
                _ => "look at it",
            };
            text.push_str(&format!("    {word}: {} ({})\n", escape(&note.text), note.code));
        }
    }
    text.push_str(&view.summary);
    text.push('\n');
    text
}

fn main() -> Result<(), TestError> {
    print!("{}", checklist(&testing::plan(BEFORE, AFTER, Dialect::Sqlite)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_has_its_line() {
        let text = checklist(&testing::plan(BEFORE, AFTER, Dialect::Sqlite).unwrap());
        assert!(text.starts_with("[ ] table.notes will be ") && text.contains("destroys data: "), "{text}");
        assert!(text.contains("\n[ ] table.tags will be created") && text.contains("(destroys-column)"), "{text}");
        assert!(text.lines().last().is_some_and(|l| l.starts_with("Plan: 1 to add, 1 to change, 0 to destroy (1 column, ")), "{text}");
    }
}
