//! Plans as comments, pages, pictures and reports: they are well formed, and no name from a database is
//! interpreted as markup.

mod comment;
mod findings;
mod json_shape;
mod page;
mod picture;
mod tags;

use crate::support::{Database, desired, project};
use rosey::kdl::{self, Sources};
use rosey::plan::Plan;
use rosey::schema::{Dialect, Schema};

/// A schema, as written.
struct Declared {
    sources: Sources,
    schema: Schema,
    text: String,
}

fn declared(text: &str) -> Declared {
    let sources = Sources::from_text("schema.kdl", text);
    let schema = kdl::decode(&sources, Dialect::Sqlite).unwrap_or_else(|d| panic!("{d}"));
    Declared { sources, schema, text: text.to_owned() }
}

impl Declared {
    fn plan(&self, database: &Database) -> Plan {
        database.plan(&desired(&self.text).unwrap()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn places(&self) -> rosey::render::Declared<'_> {
        rosey::render::Declared { schema: &self.schema, sources: &self.sources, found: &[], provenance: None }
    }
}

/// Returns the bot's migration from v0.5.0, without rows.
fn bot() -> (Declared, Plan) {
    let declared = declared(&std::fs::read_to_string(project("schema.kdl")).unwrap());
    let database = Database::from_sql(&std::fs::read_to_string(project("tests/bot/v0.5.0.sqlite.sql")).unwrap());
    let plan = declared.plan(&database);
    (declared, plan)
}

/// Returns a plan with warnings, a rebuild and a foreign key, whose names are tags, fences, formulas,
/// mentions and commands.
fn nasty() -> (Declared, Plan) {
    let database = Database::from_sql(
        r#"CREATE TABLE "a""b<script>alert(1)</script>`````" ("id # @all" INTEGER PRIMARY KEY AUTOINCREMENT, "gone, %0A::error::" TEXT, "-->]]>&amp;" TEXT);
           INSERT INTO "a""b<script>alert(1)</script>`````" VALUES (1, 'x', NULL);
           CREATE TABLE "www.gone.example https://gone.example/" (x);"#,
    );
    let declared = declared(NASTY);
    let plan = declared.plan(&database);
    (declared, plan)
}

const NASTY: &str = r##"table "a\"b<script>alert(1)</script>`````" {
    column "id # @all" integer primary-key
    column "-->]]>&amp;" "weird type(9)" not-null
    column "日本語のとても長い名前の列です、これはとても長い" text
    column "%one\\two" integer references="one(to)" on-delete=cascade
    column "%one/two" integer
}

table one {
    column to integer primary-key
    column "$x$ | y" text
    column "tab\there\u{1b}[31m" text
    column "a\u{202e}b" text
    column parent integer references="one(to)"
}

view "v```" { as "SELECT '``````</pre></details>' AS x -- ::error::" }
"##;

/// Returns a picture or page without its style, which is long and always the same.
fn without_style(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<style>") {
        out.push_str(before);
        rest = after.split_once("</style>").unwrap().1;
    }
    out + rest
}
