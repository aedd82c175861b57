//! The transcripts in the README, run from top to bottom: they show what rosey prints. A line of `…` stands
//! for omitted lines. `ROSEY_WRITE_DOCS=1` updates those without omissions.

use std::path::Path;

use super::read;
use super::workshop::{Workshop, between};
use crate::support::fences::Block;
use crate::support::postgres;

const README: &str = "README.md";
const QUESTION: &str = "Only 'yes' will be accepted: yes";

/// Returns the commands of a block, each with its output.
fn commands(block: &Block) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), all.last_mut()) {
            (Some(command), _) => all.push((command.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.to_owned()),
            (None, None) => panic!("line {}: a transcript begins with a command", block.line),
        }
    }
    for (_, lines) in &mut all {
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    }
    all
}

/// Makes an edit that the README shows: the line of a column replaces the line of that column, or of the one
/// in its `was=`; other lines are added at the end of the first table.
fn edited(schema: &str, edit: &str) -> String {
    let mut lines: Vec<String> = schema.lines().map(str::to_owned).collect();
    for line in edit.lines() {
        let named = |name: &str| format!("    column {name} ");
        let word = |at: usize| line.split_whitespace().nth(at).unwrap_or_default();
        let was = line.split_once("was=").map_or(word(1), |(_, was)| was);
        let old = |l: &String| word(0) == "column" && (l.starts_with(&named(word(1))) || l.starts_with(&named(was)));
        match lines.iter().position(old) {
            Some(at) => lines[at] = line.to_owned(),
            None => {
                let end = lines.iter().position(|l| l == "}").unwrap();
                lines.insert(end, line.to_owned());
            }
        }
    }
    lines.join("\n") + "\n"
}

/// Replaces times, which differ on every run: those in file names, and those in the history.
fn settled(text: &str) -> String {
    const SHAPES: [&str; 2] = ["00000000T000000000Z", "0000-00-00T00:00:00.000Z"];
    let chars: Vec<char> = text.chars().collect();
    let is = |at: usize, shape: &str| {
        let rest = chars[at..].iter().map(|c| if c.is_ascii_digit() { '0' } else { *c });
        rest.take(shape.len()).eq(shape.chars())
    };
    let (mut out, mut at) = (String::new(), 0);
    while at < chars.len() {
        match SHAPES.iter().find(|s| is(at, s)) {
            Some(shape) => {
                out.push_str("MOMENT");
                at += shape.len();
            }
            None => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out.lines().map(|l| format!("{}\n", l.trim_end())).collect()
}

/// Returns whether lines are as expected; `…` matches any lines.
fn fits(expected: &[String], got: &[String]) -> bool {
    match expected.split_first() {
        None => got.is_empty(),
        Some((first, rest)) if first == "…" => (0..=got.len()).any(|n| fits(rest, &got[n..])),
        Some((first, rest)) => got.split_first().is_some_and(|(g, left)| g == first && fits(rest, left)),
    }
}

fn lines(text: &str) -> Vec<String> {
    settled(text).lines().map(str::to_owned).collect()
}

/// Runs the commands of a block; returns what the block should be if it differs.
fn differs(shop: &Workshop, block: &Block, name: &dyn Fn(&str) -> String) -> Option<String> {
    let (mut now, mut same, mut code) = (String::new(), true, None);
    for (command, expected) in commands(block) {
        let asks = expected.iter().any(|l| l.ends_with(QUESTION));
        let said = if command == "echo $?" {
            format!("{}\n", code.unwrap())
        } else {
            let (said, ended) = shop.said(&format!("{command}{}", if asks { " --auto-approve" } else { "" }));
            code = ended;
            name(&said)
        };
        let expected: Vec<String> = expected.join("\n").lines().map(str::to_owned).collect();
        let told: Vec<String> = match expected.iter().position(|l| l.ends_with(QUESTION)) {
            // The question is below an empty line.
            Some(at) => expected.iter().enumerate().filter(|(i, _)| *i != at && *i + 1 != at).map(|(_, l)| l.clone()).collect(),
            None => expected,
        };
        let (mut got, told) = (lines(&said), lines(&told.join("\n")));
        while got.last().is_some_and(String::is_empty) {
            got.pop();
        }
        same &= fits(&told, &got);
        now.push_str(&format!("$ {command}\n{}\n", said.trim_end()));
        now.push('\n');
    }
    (!same).then(|| now.trim_end().to_owned() + "\n")
}

/// Goes through a part of the README; `before` is called at each transcript with its number, and may change
/// the schema itself.
fn go(shop: &Workshop, from: &str, to: &str, name: &dyn Fn(&str) -> String, before: &dyn Fn(usize, &str) -> Option<String>) {
    let (mut wrong, mut at) = (String::new(), 0);
    for block in between(README, from, to) {
        let schema = || std::fs::read_to_string(shop.path("schema.kdl")).unwrap_or_default();
        match block.info.as_str() {
            "console" => {
                if let Some(text) = before(at, &schema()) {
                    shop.write("schema.kdl", &text);
                }
                at += 1;
                if let Some(now) = differs(shop, &block, name) {
                    wrong.push_str(&format!("{from}, transcript {at}:\n{now}\n"));
                    replace(&block, &now);
                }
            }
            // Only blocks that belong in a table, and not those of other files.
            "kdl" if block.text.starts_with("    ") => shop.write("schema.kdl", &edited(&schema(), &block.text)),
            "sh" => drop(shop.said(&block.text)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{README} shows something else:\n{wrong}");
}

fn replace(block: &Block, now: &str) {
    if std::env::var_os("ROSEY_WRITE_DOCS").is_some() && !block.text.contains('…') && !block.text.contains(QUESTION) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(README);
        let text = read(&path).replacen(&block.text, now, 1);
        std::fs::write(path, text).unwrap();
    }
}

fn has_sqlite3() -> bool {
    let there = std::process::Command::new("sqlite3").arg("-version").output().is_ok_and(|o| o.status.success());
    if !there {
        postgres::say("SKIPPED the README's transcripts: no sqlite3 shell");
    }
    there
}

#[test]
fn the_first_plan() {
    if !has_sqlite3() {
        return;
    }
    let shop = Workshop::new();
    let start = between(README, "## The first ten minutes", "## PostgreSQL").remove(0);
    shop.run(&start.text);
    let blocks = between(README, "# rosey", "## Why");
    // The starting point in the document is the one that is used.
    let shown = blocks.iter().find(|b| b.info == "sql").unwrap();
    assert!(shown.text.lines().all(|line| start.text.contains(line)), "{README} shows another database:\n{}", shown.text);
    shop.write("schema.kdl", &blocks.iter().find(|b| b.info == "kdl").unwrap().text);
    let plan = blocks.iter().find(|b| b.info == "console").unwrap();
    let now = differs(&shop, plan, &str::to_owned);
    if let Some(now) = &now {
        replace(plan, now);
    }
    assert!(now.is_none(), "{README} shows something else:\n{}", now.unwrap_or_default());
}

#[test]
fn the_first_ten_minutes() {
    if !has_sqlite3() {
        return;
    }
    let shop = Workshop::new();
    let shop = shop.with("ROSEY_DATABASE_URL", "sqlite:///chat.db");
    go(&shop, "## The first ten minutes", "## PostgreSQL", &str::to_owned, &|at, schema| match at {
        2 => Some(schema.replace("    column lines integer default=0\n", "    column lines integer not-null default=0\n")),
        6 => Some(schema.lines().filter(|l| !l.contains("column joined")).map(|l| format!("{l}\n")).collect()),
        _ => None,
    });
}

const ROWS: &str = "\
CREATE TABLE users (name text PRIMARY KEY, lines integer DEFAULT 0);
CREATE TABLE outbox (id serial PRIMARY KEY, message text NOT NULL, sender text, last_error text);
INSERT INTO users VALUES ('Zoë', 12), ('O''Brien', NULL);
INSERT INTO outbox (message, sender, last_error) VALUES ('hello', 'Zoë', NULL), ('bye', NULL, 'timeout');
";

/// Up to what only a crash would show.
#[test]
fn the_part_about_postgresql() {
    for server in postgres::servers() {
        let database = server.database();
        let Some(shop) = Workshop::on(&database) else { continue };
        database.sql(ROWS);
        let place = format!("127.0.0.1:{}/{} as postgres", server.port, database.name);
        let name = |said: &str| {
            let said = said.replace(&place, "localhost:5432/chat as ada");
            said.replace(&format!("{}.2", database.name), "chat.2")
        };
        go(&shop, "These two tables hold rows", "**After a crash.**", &name, &|at, schema| {
            (at == 2).then(|| schema.lines().filter(|l| !l.contains("column error_message")).map(|l| format!("{l}\n")).collect())
        });
    }
}

#[test]
fn an_edit_takes_the_place_of_what_it_changes() {
    let schema = "table a {\n    column x text\n    column y text\n}\n\ntable b {\n    column z text\n}\n";
    let edit = "    column z integer\n    column new text was=y\n    index i new\n";
    let wanted = "table a {\n    column x text\n    column new text was=y\n    index i new\n}\n\ntable b {\n    column z integer\n}\n";
    assert_eq!(edited(schema, edit), wanted);
}
