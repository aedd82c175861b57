//! The parts of the page: a warning, a changed object, the script.

use super::pre;
use crate::plan::{Level, Plan, counted};
use crate::render::markup::{line, spans, xml};
use crate::render::view::{Block, Note, Symbol};
use crate::schema::Address;

/// Returns the CSS class for the color of a symbol.
pub(super) fn class(symbol: Symbol) -> &'static str {
    match symbol {
        Symbol::Create => "create",
        Symbol::Change => "change",
        Symbol::Rebuild => "rebuild",
        Symbol::Destroy => "destroy",
        Symbol::None => "none",
    }
}

/// Writes a warning, with its advice and the query that finds the rows.
pub(super) fn note(address: &Address, note: &Note, out: &mut String) {
    let (class, blocked) = match note.level {
        Level::Blocks => ("blocks", " <strong class=\"badge\">BLOCKED</strong>"),
        Level::Destroys | Level::Warns if note.allowed => ("warns", ", allowed,"),
        Level::Destroys => ("destroys", " <strong class=\"badge\">BLOCKED</strong> without <code>--allow-destructive</code>"),
        Level::Warns => ("warns", ""),
        Level::Notes => ("notes", " (note)"),
    };
    out.push_str(&format!(
        "<li class=\"{class}\"><p><code>{}</code>{blocked} in <code>{}</code></p>\n",
        note.code,
        line(&address.to_string())
    ));
    out.push_str(&format!("<p>{}</p>\n", advice(&note.text)));
    if !note.advice.is_empty() {
        out.push_str(&format!("<p class=\"advice\">{}</p>\n", advice(&note.advice)));
    }
    if let Some(find) = &note.find {
        out.push_str(&format!("<details><summary>Query that finds these rows</summary>\n{}</details>\n", pre(&format!("{find};"))));
    }
    out.push_str("</li>\n");
}

/// Returns rosey's own text, in which backticks mark code.
fn advice(text: &str) -> String {
    spans(text).iter().map(|s| if s.code { format!("<code>{}</code>", line(s.text)) } else { line(s.text) }).collect()
}

/// Writes an object with its lines.
pub(super) fn change(block: &Block, out: &mut String) {
    out.push_str(&format!("<article class=\"{}\">\n<h3>{}</h3>\n<pre tabindex=\"0\"><code>", class(block.symbol), line(&block.headline)));
    let braces = !block.lines.is_empty();
    row(block.symbol, &format!("{}{}", block.head.replace('\n', " "), if braces { " {" } else { "" }), out);
    for line in &block.lines {
        line.text.lines().for_each(|text| row(line.symbol, &format!("    {text}"), out));
    }
    if braces {
        row(Symbol::None, "}", out);
    }
    out.push_str("</code></pre>\n</article>\n");
}

/// Writes a line with its sign, which screen readers read as its word.
fn row(symbol: Symbol, text: &str, out: &mut String) {
    let word = if symbol == Symbol::None { String::new() } else { format!("<span class=\"unseen\">{}: </span>", symbol.word()) };
    out.push_str(&format!("<span class=\"row {}\"><span class=\"sign\" aria-hidden=\"true\">{}</span> ", class(symbol), symbol.sign()));
    out.push_str(&format!("{word}{}</span>\n", xml(text)));
}

/// Writes the script, step by step.
pub(super) fn script(plan: &Plan, out: &mut String) {
    if plan.steps.is_empty() {
        return;
    }
    let title = counted(plan.statements().count() as i64, "statement");
    out.push_str("<section aria-labelledby=\"sql\">\n<h2 id=\"sql\">SQL</h2>\n");
    out.push_str(&format!("<details><summary>{title}, in execution order</summary>\n<ol class=\"steps\">\n"));
    for step in &plan.steps {
        let when = match step.transaction {
            crate::plan::Transaction::Before => ", before the transaction",
            crate::plan::Transaction::Inside => "",
            crate::plan::Transaction::After => ", after the transaction",
        };
        let sql: Vec<String> = step.statements.iter().map(|s| format!("{};", s.sql)).collect();
        out.push_str(&format!("<li><p><code>{}</code> {}{when}</p>\n", line(&step.address.to_string()), step.action.word()));
        out.push_str(&pre(&sql.join("\n")));
        out.push_str("</li>\n");
    }
    out.push_str("</ol></details>\n</section>\n");
}
