//! The plan as a comment for a pull request, in GitHub's Markdown: never longer than a comment may be.
//!
//! Names come from a database. Outside of fences nothing in them is Markdown, HTML, a link or somebody's name.

use super::costs::{Cost, costs};
use super::escape;
use super::markup::turns;
use super::view::{Block, Note, Symbol, View};
use crate::plan::{Level, Plan, counted, thousands};

/// What an action looks for to find the comment that it wrote before.
pub const MARKER: &str = "<!-- rosey plan -->";

/// The most that GitHub takes (65,536 characters; these are bytes, of which there are never fewer).
const LIMIT: usize = 65_536;

/// What is kept of it for headings, fences and the words for what has been left out.
const RESERVE: usize = 3_000;

/// The whole plan as Markdown.
pub fn markdown(plan: &Plan, schema: &str) -> String {
    let view = View::of(plan, schema);
    let mut out = format!("{MARKER}\n### {}\n", prose(&within(&view.summary, 4_000)));
    let mut room = LIMIT - RESERVE - out.len();
    // Each part may take a share of what those before it have left; the script, which comes last, takes the rest.
    warnings(&view, &mut room, &mut out);
    drift(plan, &mut room, &mut out);
    objects(&view, &mut room, &mut out);
    cost(plan, &view, &mut room, &mut out);
    script(plan, &mut room, &mut out);
    out
}

/// The text up to a length, for what is one line and may be anything.
fn within(text: &str, limit: usize) -> String {
    if text.len() <= limit { text.to_owned() } else { text.chars().take(limit / 8).chain(['…']).collect() }
}

/// Takes whole pieces while there is room for them, at most a share of it. Gives what was taken and how many were not.
fn fitting(pieces: Vec<String>, share: usize, room: &mut usize) -> (String, usize) {
    let mut left = *room / share;
    let (mut taken, mut omitted) = (String::new(), 0);
    for piece in pieces {
        if piece.len() <= left {
            left -= piece.len();
            *room -= piece.len();
            taken.push_str(&piece);
        } else {
            omitted += 1;
        }
    }
    (taken, omitted)
}

fn more(omitted: usize, what: &str, command: &str) -> String {
    if omitted == 0 {
        return String::new();
    }
    let s = if omitted == 1 { "" } else { "s" };
    format!("\n{} more {what}{s}: run `{command}`\n", thousands(omitted as i64))
}

fn warnings(view: &View, room: &mut usize, out: &mut String) {
    let notes = |level: Level| view.blocks.iter().flat_map(move |b| b.notes.iter().filter(move |n| n.level == level).map(move |n| (b, n)));
    let sorted = [Level::Blocks, Level::Destroys, Level::Warns].into_iter().flat_map(notes);
    let pieces: Vec<String> = sorted.map(|(b, n)| warning(b, n)).collect();
    if pieces.is_empty() {
        return;
    }
    let (taken, omitted) = fitting(pieces, 3, room);
    out.push_str(&format!("\n{taken}{}", more(omitted, "warning", "rosey plan")));
}

fn warning(block: &Block, note: &Note) -> String {
    let blocked = match note.level {
        Level::Blocks => " **BLOCKED**",
        Level::Destroys => " **BLOCKED** without `--allow-destructive`",
        Level::Warns => "",
    };
    let advice = if note.advice.is_empty() { String::new() } else { format!("  \n  {}", prose(&note.advice)) };
    let sign = if note.level == Level::Warns { "⚠️" } else { "⛔" };
    format!("- {sign} `{}`{blocked} in {}: {}{advice}\n", note.code, code(&block.address.to_string()), prose(&note.text))
}

fn drift(plan: &Plan, room: &mut usize, out: &mut String) {
    let Some(drift) = &plan.drift else { return };
    let pieces = drift.changes.addresses().iter().map(|a| format!("- {}\n", code(&a.to_string()))).collect();
    let (taken, omitted) = fitting(pieces, 6, room);
    out.push_str(&format!("\n#### Drift: changed since number {}, and not by rosey\n\n{taken}", drift.number));
    out.push_str(&more(omitted, "object", "rosey drift"));
}

fn objects(view: &View, room: &mut usize, out: &mut String) {
    if view.blocks.is_empty() {
        return;
    }
    let (taken, omitted) = fitting(view.blocks.iter().map(diff).collect(), 2, room);
    if !taken.is_empty() {
        out.push_str(&format!("\n{}", fenced("diff", taken.trim_end_matches('\n'))));
    }
    out.push_str(&more(omitted, "object", "rosey plan"));
}

/// An object with its signs in the first column, where GitHub looks for them.
fn diff(block: &Block) -> String {
    let mut text = format!("# {}\n", single(&block.headline));
    let braces = !block.lines.is_empty();
    text.push_str(&format!("{} {}{}\n", sign(block.symbol), single(&block.head), if braces { " {" } else { "" }));
    for line in &block.lines {
        for row in shown(&line.text).lines() {
            text.push_str(format!("{}     {row}", sign(line.symbol)).trim_end());
            text.push('\n');
        }
    }
    text.push_str(if braces { "  }\n\n" } else { "\n" });
    text
}

/// GitHub colours these three.
fn sign(symbol: Symbol) -> char {
    match symbol {
        Symbol::Create => '+',
        Symbol::Destroy => '-',
        Symbol::Change | Symbol::Rebuild => '!',
        Symbol::None => ' ',
    }
}

fn cost(plan: &Plan, view: &View, room: &mut usize, out: &mut String) {
    let piece = |c: &Cost| {
        let of = c.of.as_ref().map(|a| format!("{} ", code(&a.to_string()))).unwrap_or_default();
        format!("- {of}{}\n", prose(&c.text))
    };
    let pieces: Vec<String> = costs(plan, view).iter().map(piece).collect();
    if pieces.is_empty() {
        return;
    }
    let (taken, omitted) = fitting(pieces, 3, room);
    out.push_str(&format!("\n#### Cost\n\n{taken}{}", more(omitted, "line", "rosey plan")));
}

/// The script, folded away. What is cut off it is its end: a script with holes says something else.
fn script(plan: &Plan, room: &mut usize, out: &mut String) {
    if plan.steps.is_empty() {
        return;
    }
    let piece = |s: &crate::plan::Step| {
        let sql: Vec<String> = s.statements.iter().map(|s| format!("{};\n", with_tabs(&s.sql))).collect();
        format!("-- {}\n{}\n", single(&s.address.to_string()), sql.concat())
    };
    let (mut taken, mut count) = (String::new(), 0);
    for piece in plan.steps.iter().map(piece) {
        if piece.len() > *room {
            break;
        }
        *room -= piece.len();
        taken.push_str(&piece);
        count += 1;
    }
    let title = counted(plan.statements().count() as i64, "statement");
    out.push_str(&format!("\n<details>\n<summary>SQL ({title})</summary>\n"));
    if count > 0 {
        out.push_str(&format!("\n{}", fenced("sql", taken.trim_end_matches('\n'))));
    }
    out.push_str(&format!("{}\n</details>\n", more(plan.steps.len() - count, "step", "rosey plan --format sql")));
}

/// Text in a fence that is longer than any run of backticks in it.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text as code in a line.
fn code(text: &str) -> String {
    let text = single(text);
    let fence = "`".repeat(if text.contains('`') { longest_run(&text) + 1 } else { 1 });
    // A blank at both ends is taken off again, so that a backtick can stand there.
    let blank = if text.contains('`') || text.is_empty() || text.starts_with(' ') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Control characters, and those that turn the direction of what follows, spelled out.
fn shown(text: &str) -> String {
    escape(text).chars().map(|c| if turns(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// The same, but for the tabs of a program.
fn with_tabs(text: &str) -> String {
    text.split('\t').map(shown).collect::<Vec<_>>().join("\t")
}

fn single(text: &str) -> String {
    shown(&text.replace('\n', " "))
}

/// Text in which nothing is Markdown or HTML, and GitHub finds no link, no issue and nobody to tell.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in single(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            // What stands between hides them from the search for names, numbers, links and formulas.
            '@' | '#' => out.push_str(&format!("{c}<!-- -->")),
            '$' => out.push_str("<span>$</span>"),
            '/' if before == ':' => out.push_str("<!-- -->/"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("<!-- -->."),
            c => out.push(c),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_prose_is_markdown() {
        assert_eq!(
            prose("a_b *c* <img src=x> @all #1 https://x.y www.z `d` $e$ [f](g)"),
            "a\\_b \\*c\\* &lt;img src=x&gt; @<!-- -->all #<!-- -->1 https:<!-- -->//x.y www<!-- -->.z \\`d\\` <span>$</span>e<span>$</span> \\[f\\](g)"
        );
        assert_eq!(prose("a\nb\u{1b}[0m\u{202e}"), "a b\\\\u{1b}\\[0m\\\\u{202e}");
    }

    #[test]
    fn code_and_fences_hold_backticks() {
        assert_eq!((code("a"), code("`a``b"), code(" a")), ("`a`".into(), "``` `a``b ```".into(), "`  a `".into()));
        assert_eq!(fenced("diff", "+ ````"), "`````diff\n+ ````\n`````\n");
    }

    #[test]
    fn pieces_are_taken_whole() {
        let mut room = 20;
        let (taken, omitted) = fitting(vec!["12345".into(), "1234567890".into(), "12345".into()], 2, &mut room);
        assert_eq!((taken.as_str(), omitted, room), ("1234512345", 1, 10));
    }
}
