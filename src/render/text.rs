//! The plan as text for a terminal, in the style of Terraform: readable without color.

use anstyle::{AnsiColor, Style as Ansi};

use super::view::{Block, Note, Symbol, View};
use super::{drift, escape, findings_line, one_line, unmanaged};
use crate::lint::LeveledFinding;
use crate::plan::{Level, Plan};

/// Options of the output.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Whether to use color.
    pub colour: bool,
    /// Whether to show the queries that find the rows of a hazard.
    pub verbose: bool,
}

/// Renders the whole plan as text.
pub fn text(plan: &Plan, schema: &str, style: Style) -> String {
    text_and_findings(plan, schema, style, &[])
}

/// Renders the plan with the number of lint findings in the changed objects.
pub fn text_and_findings(plan: &Plan, schema: &str, style: Style, found: &[LeveledFinding]) -> String {
    let view = View::of(plan, schema);
    let mut out = plan.drift.as_ref().map(|d| drift::before_plan(d, plan.dialect, style)).unwrap_or_default();
    if !view.blocks.is_empty() {
        legend(&view, style, &mut out);
    }
    for block in &view.blocks {
        write_block(block, style, &mut out);
    }
    if !view.carried.is_empty() {
        let names: Vec<String> = view.carried.iter().map(|a| escape(&a.shown())).collect();
        out.push_str(&format!("# dropped and re-created unchanged: {}\n\n", names.join(", ")));
    }
    if let Some(cost) = &view.cost {
        out.push_str(&format!("# {cost}\n\n"));
    }
    for guard in &plan.guards {
        out.push_str(&format!("# {} (recorded by the next apply)\n", one_line(guard)));
    }
    if !plan.guards.is_empty() {
        out.push('\n');
    }
    let unmanaged = unmanaged::lines(&plan.unmanaged, style.verbose);
    for line in &unmanaged {
        out.push_str(&format!("# {}\n", escape(line)));
    }
    if !unmanaged.is_empty() {
        out.push('\n');
    }
    if !found.is_empty() {
        out.push_str(&format!("# {}\n", findings_line(found)));
    }
    out.push_str(&paint(&view.summary, Ansi::new().bold(), style));
    out.push('\n');
    out
}

fn legend(view: &View, style: Style, out: &mut String) {
    for symbol in view.symbols() {
        out.push_str(&format!("{}  {}\n", sign(symbol, style), symbol.word()));
    }
    if view.blocks.iter().any(|b| !b.notes.is_empty()) {
        out.push_str(&format!("{}  warning\n", paint("!", Ansi::new().fg_color(Some(AnsiColor::Yellow.into())), style)));
    }
    out.push('\n');
}

pub(super) fn write_block(block: &Block, style: Style, out: &mut String) {
    out.push_str(&paint(&format!("# {}", escape(&block.headline)), Ansi::new().bold(), style));
    out.push('\n');
    let braces = !block.lines.is_empty();
    out.push_str(&format!("{} {}{}\n", sign(block.symbol, style), escape(&block.head), if braces { " {" } else { "" }));
    for line in &block.lines {
        for (i, row) in escape(&line.text).lines().enumerate() {
            let symbol = if i == 0 || line.symbol != Symbol::Change { line.symbol } else { Symbol::None };
            out.push_str(&format!("{}     {row}\n", sign(symbol, style)));
        }
    }
    if braces {
        out.push_str("  }\n");
    }
    for cost in &block.costs {
        out.push_str(&format!("  # {}\n", escape(cost)));
    }
    block.notes.iter().for_each(|n| write_note(n, style, out));
    out.push('\n');
}

fn write_note(note: &Note, style: Style, out: &mut String) {
    let (colour, mark) = match note.level {
        Level::Blocks => (AnsiColor::Red, " BLOCKED"),
        Level::Destroys | Level::Warns if note.allowed => (AnsiColor::Yellow, ", allowed"),
        Level::Destroys => (AnsiColor::Red, " BLOCKED without --allow-destructive"),
        Level::Warns => (AnsiColor::Yellow, ""),
        Level::Notes => (AnsiColor::Cyan, " note"),
    };
    let head = format!("! {}{mark}:", note.code);
    out.push_str(&format!("{} {}\n", paint(&head, Ansi::new().fg_color(Some(colour.into())), style), escape(&note.text)));
    if !note.advice.is_empty() {
        out.push_str(&format!("  {}\n", escape(&note.advice)));
    }
    if let Some(find) = note.find.as_ref().filter(|_| style.verbose) {
        out.push_str(&format!("  to find these rows: {};\n", escape(find)));
    }
}

fn sign(symbol: Symbol, style: Style) -> String {
    let colour = match symbol {
        Symbol::Create => AnsiColor::Green,
        Symbol::Change => AnsiColor::Yellow,
        Symbol::Rebuild => AnsiColor::Magenta,
        Symbol::Destroy => AnsiColor::Red,
        Symbol::None => return " ".to_owned(),
    };
    paint(&symbol.sign().to_string(), Ansi::new().fg_color(Some(colour.into())), style)
}

fn paint(text: &str, with: Ansi, style: Style) -> String {
    if style.colour { format!("{with}{text}{with:#}") } else { text.to_owned() }
}
