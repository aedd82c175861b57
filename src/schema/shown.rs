//! Text of anybody's as it is shown: nothing in it moves the cursor, hides, or is taken for a line or a command of another
//! program. It changes what is printed, never what is stored or run.

/// Names and comments come from a database or a file: control characters would reach the reader's terminal, and what
/// turns the direction of text would show another text than the one that is there. Line breaks stay; a line that a CI
/// system would take for one of its commands is not one any more.
pub fn escape(text: &str) -> String {
    let told = |c: char| c.is_control() && c != '\n' || deceives(c);
    let commands = text.contains("##[") || text.contains("::");
    if !commands && !text.chars().any(told) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if told(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    if commands { without_commands(&out) } else { out }
}

/// The same in one line: for names, and whatever else is a part of a line.
pub fn one_line(text: &str) -> String {
    escape(&text.replace('\n', "\\n"))
}

/// The commands that GitHub's runner takes from what a step prints
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).
const COMMANDS: [&str; 17] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "resume-commands",
    "warning",
];

/// `::error::` counts at the start of a line, blanks before it or not; `##[error]` anywhere.
fn without_commands(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let line = line.replace("##[", "##\\u{5b}");
        let blanks = line.len() - line.trim_start().len();
        match line[blanks..].strip_prefix("::") {
            Some(rest) if is_command(rest) => format!("{}\\u{{3a}}:{rest}", &line[..blanks]),
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_command(rest: &str) -> bool {
    let word = rest.split([':', ' ']).next().unwrap_or_default();
    // A token that ends `stop-commands` may be any word, and is followed by colons like a command.
    COMMANDS.iter().any(|c| c.eq_ignore_ascii_case(word))
}

/// Whether the character is not seen, and makes what is around it look like something else: marks and overrides of the
/// direction (<https://www.unicode.org/reports/tr9/>), line ends that are not taken for any, what has no width, tags and
/// supplementary variation selectors, which carry whole texts unseen. The joiners U+200C and U+200D are letters' business
/// in many scripts, and the selectors U+FE00 to U+FE0F that of emoji; both stay.
pub fn deceives(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_spelled_out() {
        assert_eq!(escape("a\u{e0041}b\u{202e}\u{1b}[0m\nc"), "a\\u{e0041}b\\u{202e}\\u{1b}[0m\nc");
        assert_eq!(escape("plain ünïcode \u{1f468}\u{200d}\u{1f469}"), "plain ünïcode \u{1f468}\u{200d}\u{1f469}");
    }

    #[test]
    fn no_line_is_a_command_of_the_runner() {
        assert_eq!(escape("a\n  ::add-mask::x\n::Error file=a::b"), "a\n  \\u{3a}:add-mask::x\n\\u{3a}:Error file=a::b");
        assert_eq!(escape("a ##[group]b"), "a ##\\u{5b}group]b");
        assert_eq!(escape("x\n::text::int"), "x\n::text::int", "a conversion of PostgreSQL's");
    }

    #[test]
    fn a_part_of_a_line_does_not_end_it() {
        assert_eq!(one_line("a\nPlan: 0 to add\r"), "a\\nPlan: 0 to add\\u{d}");
    }
}
