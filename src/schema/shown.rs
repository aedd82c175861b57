//! Makes text from outside safe to show: nothing in it moves the cursor, is hidden, or looks like a line or a
//! command for another program. It changes what is printed, never what is stored or run.

/// Escapes text from a database or a file: control characters would reach the terminal, and characters that
/// change the text direction would display a different text. Line breaks are kept; a line that a CI system
/// would run as one of its commands is defused.
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

/// Escapes text to a single line: for names and other parts of a line.
pub fn one_line(text: &str) -> String {
    escape(&text.replace('\n', "\\n"))
}

/// Returns a name as it is shown among words: in double quotes unless it reads as a name.
pub(crate) fn name(text: &str) -> String {
    if reads_as_name(text) { text.to_owned() } else { format!("\"{}\"", one_line(text).replace('"', "\\\"")) }
}

/// Returns whether a text can only be taken for one name. Narrower than what KDL allows: `*`, `<`, `-x`, `.x` could be bare,
/// but look like operators or broken numbers.
pub(crate) fn reads_as_name(text: &str) -> bool {
    let keyword = matches!(text, "true" | "false" | "null" | "inf" | "nan");
    let mut chars = text.chars();
    !keyword
        && chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || "_-.$".contains(c))
        && !text.ends_with('.')
}

/// The commands that GitHub's runner reads from the output of a step
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

/// Defuses commands. `::error::` counts at the start of a line, with or without blanks before it; `##[error]`
/// anywhere.
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
    // The token that ends `stop-commands` may be any word, followed by colons like a command.
    COMMANDS.iter().any(|c| c.eq_ignore_ascii_case(word))
}

/// Returns whether the character is invisible and changes how its surroundings look: direction marks and
/// overrides (<https://www.unicode.org/reports/tr9/>), line ends that are not recognized as such, zero-width
/// characters, tags and supplementary variation selectors, which can carry hidden text. The joiners U+200C
/// and U+200D are part of many scripts, and the selectors U+FE00 to U+FE0F of emoji; these are not included.
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
