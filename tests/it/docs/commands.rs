//! Every rosey command line in a document parses, so that none uses a flag that does not exist.

use clap::error::ErrorKind;

use super::{documents, read};
use crate::support::fences;

/// Returns what a shell, a systemd unit or a pipeline step would run, if it is rosey.
fn command_lines(info: &str, text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines();
    match info.split(' ').next().unwrap_or_default() {
        "console" => lines.filter_map(|l| l.strip_prefix("$ ").or(l.strip_prefix("PS> "))).map(str::to_owned).collect(),
        "sh" | "bash" | "powershell" => lines.map(str::to_owned).collect(),
        "ini" => lines.filter(|l| l.starts_with("Exec")).filter_map(|l| Some(l.split_once('=')?.1.to_owned())).collect(),
        "yaml" => lines.map(|l| l.trim_start().trim_start_matches("- ").trim_start_matches("run: ").to_owned()).collect(),
        "dockerfile" => lines.filter_map(|l| l.strip_prefix("RUN ")).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Returns the words of each command in a line, without redirections and comments.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut skip_next = false;
    for c in line.chars().chain(['\n']) {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() || "|;&<>()".contains(c) => {
                if let Some(done) = word.take()
                    && !std::mem::take(&mut skip_next)
                {
                    words.push(done);
                }
                skip_next |= c == '<' || c == '>';
                if "|;&()\n".contains(c) {
                    all.push(std::mem::take(&mut words));
                }
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    all.push(words);
    all.retain(|w| !w.is_empty());
    all
}

/// Returns the arguments, if the command runs rosey.
fn of_rosey(words: &[String]) -> Option<&[String]> {
    let at = words.iter().position(|w| !is_before(w))?;
    let program = words[at].rsplit(['/', '\\']).next().unwrap_or_default();
    (program.trim_end_matches(".exe") == "rosey").then_some(&words[at..])
}

/// Returns whether the word may precede the program: variables, `sudo`, shell keywords.
fn is_before(word: &str) -> bool {
    let variable = word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    variable || ["sudo", "if", "then", "!", "time", "exec"].contains(&word)
}

fn problem(arguments: &[String]) -> Option<String> {
    let parsed = rosey::cli::command().try_get_matches_from(arguments);
    let error = parsed.err().filter(|e| !matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion))?;
    Some(error.to_string().lines().next().unwrap_or_default().to_owned())
}

#[test]
fn every_command_line_is_one() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in documents() {
        for block in fences::blocks(&read(&path)) {
            for line in command_lines(&block.info, &block.text) {
                for words in commands(&line) {
                    let Some(arguments) = of_rosey(&words) else { continue };
                    seen += 1;
                    let file = path.file_name().unwrap().to_string_lossy();
                    wrong.extend(problem(arguments).map(|why| format!("{file}, the block at line {}: {line}\n    {why}", block.line)));
                }
            }
        }
    }
    assert!(seen > 10, "{seen} command lines: were the blocks found?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Commands in running text, unless they contain a placeholder.
#[test]
fn every_command_in_a_sentence_is_one() {
    let mut wrong = Vec::new();
    for path in documents() {
        let text = read(&path);
        let fenced: Vec<String> = fences::blocks(&text).into_iter().map(|b| b.text).collect();
        let prose = fenced.iter().fold(text, |text, block| text.replace(block.as_str(), ""));
        for code in prose.split('`').skip(1).step_by(2).filter(|c| c.starts_with("rosey ") && !c.contains(['[', '|', '…', '\n'])) {
            let words = commands(code).into_iter().next().unwrap_or_default();
            if words.iter().any(|w| w.chars().all(|c| c.is_ascii_uppercase())) {
                continue;
            }
            let named = words.get(1).is_some_and(|w| rosey::cli::command().find_subcommand(w).is_some());
            // The bare name of a command refers to the command, whatever it requires.
            if words.len() == 2 && named {
                continue;
            }
            wrong.extend(problem(&words).map(|why| format!("{}: `{code}`\n    {why}", path.file_name().unwrap().to_string_lossy())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_is_split_as_a_shell_does() {
    let of = |line: &str| commands(line).iter().filter_map(|w| of_rosey(w).map(<[String]>::to_vec)).collect::<Vec<_>>();
    assert_eq!(of("A=b rosey plan -m 'x y' > out # rosey nothing"), [["rosey", "plan", "-m", "x y"]]);
    assert_eq!(of("cd x && sudo /usr/bin/rosey apply | head; rosey fmt"), [["/usr/bin/rosey", "apply"], ["rosey", "fmt"]]);
    assert!(of("echo rosey plan").is_empty());
    assert!(problem(&["rosey".into(), "plan".into(), "--no-such-flag".into()]).is_some());
}
