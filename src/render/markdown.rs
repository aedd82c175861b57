//! The plan as a pull request comment in GitHub's Markdown: never longer than a comment can be.
//!
//! Names come from a database. Outside code fences, nothing in them is interpreted as Markdown, HTML, a link
//! or a mention.

use super::costs::{Cost, costs};
use super::markup::{clipped, spans};
use super::view::{Block, Note, Symbol, View};
use super::{escape, findings_line};
use crate::lint::LeveledFinding;
use crate::plan::{Level, Plan, counted, thousands};

/// The marker by which an action finds the comment that it wrote before.
pub const MARKER: &str = "<!-- rosey plan -->";

/// GitHub's limit (65,536 characters; these are bytes, which are never fewer), minus what the action writes
/// into the heading: the database's name and the commit.
const LIMIT: usize = 65_536 - 300;

/// The part reserved for headings, fences and the notes about what was left out.
const RESERVE: usize = 3_000;

/// The length at which names are truncated in lists of what was left out.
const LONGEST: usize = 100;

/// Renders the whole plan as Markdown.
pub fn markdown(plan: &Plan, schema: &str) -> String {
    markdown_and_findings(plan, schema, &[])
}

/// Renders the plan with the number of lint findings in the changed objects.
pub fn markdown_and_findings(plan: &Plan, schema: &str, found: &[LeveledFinding]) -> String {
    let view = View::of(plan, schema);
    let mut out = format!("{MARKER}\n### {}\n", prose(&within(&view.summary, 4_000)));
    if plan.creates_database {
        out.push_str(&format!("\n{}\n", super::NOT_THERE));
    }
    let mut room = LIMIT - RESERVE - out.len();
    // Each part may use a share of the space that the previous parts left; the script, which comes last, uses
    // the rest.
    warnings(&view, &mut room, &mut out);
    drift(plan, &mut room, &mut out);
    objects(&view, &mut room, &mut out);
    cost(plan, &view, &mut room, &mut out);
    if !found.is_empty() {
        out.push_str(&format!("\n{}", findings_line(found)));
    }
    script(plan, &mut room, &mut out);
    out
}

/// Truncates a single-line text of any content to a length.
fn within(text: &str, limit: usize) -> String {
    if text.len() <= limit { text.to_owned() } else { text.chars().take(limit / 8).chain(['…']).collect() }
}

/// Takes whole pieces from the beginning while there is space for them, up to a share of it. Returns the text
/// taken and the number of pieces.
fn fitting(pieces: &[String], share: usize, room: &mut usize) -> (String, usize) {
    let mut left = *room / share;
    let (mut taken, mut count) = (String::new(), 0);
    for piece in pieces {
        if piece.len() > left {
            break;
        }
        left -= piece.len();
        *room -= piece.len();
        taken.push_str(piece);
        count += 1;
    }
    (taken, count)
}

fn more(omitted: usize, what: &str, command: &str) -> String {
    if omitted == 0 {
        return String::new();
    }
    let s = if omitted == 1 { "" } else { "s" };
    format!("\n{} more {what}{s}: run `{command}`\n", thousands(omitted as i64))
}

/// Returns a collapsed list of what was left out, with as many names as there is space for.
fn folded(names: &[String], room: &mut usize) -> String {
    let (taken, count) = fitting(names, 4, room);
    if count == 0 {
        return String::new();
    }
    let rest = if count == names.len() { String::new() } else { format!("- and {} more\n", thousands((names.len() - count) as i64)) };
    format!("\n<details>\n<summary>List</summary>\n\n{taken}{rest}\n</details>\n")
}

fn warnings(view: &View, room: &mut usize, out: &mut String) {
    let notes = |level: Level| view.blocks.iter().flat_map(move |b| b.notes.iter().filter(move |n| n.level == level).map(move |n| (b, n)));
    let sorted: Vec<(&Block, &Note)> = Level::ALL.into_iter().flat_map(notes).collect();
    if sorted.is_empty() {
        return;
    }
    let pieces: Vec<String> = sorted.iter().map(|(b, n)| warning(b, n)).collect();
    let (taken, count) = fitting(&pieces, 3, room);
    let name = |(b, n): &(&Block, &Note)| format!("- `{}` in {}\n", n.code, code(&clipped(&b.address.to_string(), LONGEST)));
    let rest: Vec<String> = sorted[count..].iter().map(name).collect();
    out.push_str(&format!("\n{taken}{}", more(rest.len(), "warning", "rosey plan")));
    out.push_str(&folded(&rest, room));
}

fn warning(block: &Block, note: &Note) -> String {
    let blocked = match note.level {
        Level::Blocks => " **BLOCKED**",
        Level::Destroys | Level::Warns if note.allowed => ", allowed,",
        Level::Destroys => " **BLOCKED** without `--allow-destructive`",
        Level::Warns => "",
        Level::Notes => " (note)",
    };
    let help = if note.advice.is_empty() { String::new() } else { format!("  \n  {}", advice(&note.advice)) };
    let sign = match note.level {
        Level::Notes => "ℹ️",
        _ if note.stops() => "⛔",
        _ => "⚠️",
    };
    format!("- {sign} `{}`{blocked} in {}: {}{help}\n", note.code, code(&block.address.to_string()), advice(&note.text))
}

/// Returns rosey's own text, in which backticks mark code.
fn advice(text: &str) -> String {
    spans(text).iter().map(|span| if span.code { code(span.text) } else { prose(span.text) }).collect()
}

fn drift(plan: &Plan, room: &mut usize, out: &mut String) {
    let Some(drift) = &plan.drift else { return };
    let pieces: Vec<String> = drift.changes.addresses().iter().map(|a| format!("- {}\n", code(&a.to_string()))).collect();
    let (taken, count) = fitting(&pieces, 6, room);
    out.push_str(&format!("\n#### Drift: changed outside rosey since version {}\n\n{taken}", drift.number));
    out.push_str(&more(pieces.len() - count, "object", "rosey drift"));
}

fn objects(view: &View, room: &mut usize, out: &mut String) {
    if view.blocks.is_empty() {
        return;
    }
    // A single object may use all the space, otherwise no more than a third, to leave some for the others.
    let most = if view.blocks.len() == 1 { *room / 2 - 100 } else { *room / 6 };
    let pieces: Vec<String> = view.blocks.iter().map(|b| diff(b, most)).collect();
    let (taken, count) = fitting(&pieces, 2, room);
    if !taken.is_empty() {
        out.push_str(&format!("\n{}", fenced("diff", taken.trim_end_matches('\n'))));
    }
    let mut rest: Vec<&Block> = view.blocks[count..].iter().collect();
    rest.sort_by_key(|b| danger(b));
    out.push_str(&more(rest.len(), "object", "rosey plan"));
    let name = |b: &&Block| format!("- {}: {}\n", code(&clipped(&b.address.to_string(), LONGEST)), b.symbol.word());
    out.push_str(&folded(&rest.iter().map(name).collect::<Vec<_>>(), room));
}

/// Sorts by severity: blocked objects first, then dropped, rebuilt, changed and added ones.
fn danger(block: &Block) -> (Level, std::cmp::Reverse<usize>) {
    const RISING: [Symbol; 5] = [Symbol::None, Symbol::Create, Symbol::Change, Symbol::Rebuild, Symbol::Destroy];
    let level = block.notes.iter().map(|n| n.level).min().unwrap_or(Level::Warns);
    (level, std::cmp::Reverse(RISING.iter().position(|s| *s == block.symbol).unwrap_or(0)))
}

/// Returns an object with its signs in the first column, where GitHub expects them. If it exceeds the limit,
/// its end is left out.
fn diff(block: &Block, most: usize) -> String {
    let mut text = format!("# {}\n", single(&block.headline));
    let braces = !block.lines.is_empty();
    text.push_str(&format!("{} {}{}\n", sign(block.symbol), single(&block.head), if braces { " {" } else { "" }));
    for (i, line) in block.lines.iter().enumerate() {
        let mut rows = String::new();
        for row in escape(&line.text).lines() {
            rows.push_str(format!("{}     {row}", sign(line.symbol)).trim_end());
            rows.push('\n');
        }
        if text.len() + rows.len() > most {
            let left = counted((block.lines.len() - i) as i64, "more line");
            text.push_str(&format!("#     {left}: run rosey plan\n"));
            break;
        }
        text.push_str(&rows);
    }
    text.push_str(if braces { "  }\n\n" } else { "\n" });
    text
}

/// GitHub colors these three.
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
    let (taken, count) = fitting(&pieces, 3, room);
    out.push_str(&format!("\n#### Cost\n\n{taken}{}", more(pieces.len() - count, "line", "rosey plan")));
}

/// Writes the script, collapsed. If it is too long, its end is cut off: a script with gaps would do something
/// else.
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

/// Returns text in a fence that is longer than any run of backticks in it.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Returns text as inline code.
fn code(text: &str) -> String {
    let text = single(text);
    let fence = "`".repeat(if text.contains('`') { longest_run(&text) + 1 } else { 1 });
    // A space at both ends is stripped again, so that a backtick can be there.
    let blank = if text.contains('`') || text.is_empty() || text.starts_with(' ') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Escapes invisible characters except for tabs.
fn with_tabs(text: &str) -> String {
    text.split('\t').map(escape).collect::<Vec<_>>().join("\t")
}

fn single(text: &str) -> String {
    escape(&text.replace('\n', " "))
}

/// Returns text without Markdown or HTML, in which GitHub finds no link, issue or mention.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in single(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', c]),
            // The inserted markup hides them from the detection of mentions, issues, links and formulas.
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
    fn our_own_backticks_are_code_and_a_names_are_not() {
        assert_eq!(advice("write was=a_b; or `ignore` it"), "write was=a\\_b; or `ignore` it");
        assert_eq!(advice("write was=a`<b>; or `ignore` it"), "write was=a\\`&lt;b&gt;; or `ignore` it");
        assert_eq!(advice("write was=@a`"), "write was=@<!-- -->a\\`");
    }

    #[test]
    fn code_and_fences_hold_backticks() {
        assert_eq!((code("a"), code("`a``b"), code(" a")), ("`a`".into(), "``` `a``b ```".into(), "`  a `".into()));
        assert_eq!(fenced("diff", "+ ````"), "`````diff\n+ ````\n`````\n");
    }

    #[test]
    fn pieces_are_taken_whole() {
        let mut room = 20;
        let (taken, count) = fitting(&["12345".into(), "1234567890".into(), "12345".into()], 2, &mut room);
        assert_eq!((taken.as_str(), count, room), ("12345", 1, 15), "what comes after a gap is not taken");
    }
}
