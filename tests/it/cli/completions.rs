//! Completions that the shells accept, and manual pages that `man` renders.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::Place;
use crate::support::postgres::say;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

#[test]
fn every_shell_has_its_script() {
    let place = Place::new();
    for shell in SHELLS {
        let run = place.rosey(&["completions", shell]).exits(0);
        for word in ["plan", "apply", "allow-destructive", "detailed-exitcode"] {
            assert!(run.out.contains(word), "{shell}: no {word}");
        }
        assert!(run.err.is_empty(), "{run}");
    }
    let run = place.rosey(&["completions", "tcsh"]).exits(1);
    assert!(run.err.contains("possible values: bash, elvish, fish, powershell, zsh"), "{run}");
}

#[test]
fn shells_that_are_there_take_their_script() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.rosey(&["completions", shell]).exits(0).out;
        let started = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = started else {
            say(&format!("SKIPPED the completions of {shell}: it is not installed"));
            continue;
        };
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{shell}: {said}");
    }
}

#[test]
fn bash_completes_commands_and_flags() {
    let place = Place::new();
    place.write("rosey.bash", place.rosey(&["completions", "bash"]).exits(0).out);
    let complete = |words: &str, at: usize| {
        let script = format!(
            "source rosey.bash; COMP_WORDS=({words}); COMP_CWORD={at}; _rosey rosey \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{at}-1]}}\"; echo \"${{COMPREPLY[*]}}\""
        );
        let output = place.prepared("bash", &["--norc", "-c", &script]).output();
        output.ok().map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
    };
    let Some(commands) = complete("rosey ''", 1) else { return say("SKIPPED completing in bash: it is not installed") };
    assert!(commands.contains("apply") && commands.contains("plan"), "{commands}");
    let flags = complete("rosey plan --de", 2).unwrap();
    assert_eq!(flags.trim(), "--detailed-exitcode");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let place = Place::new();
    let help = place.rosey(&["--help"]).exits(0).out;
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    // Continued descriptions are indented further.
    let commands = commands.filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    let commands: Vec<&str> = commands.filter_map(|l| l.split_whitespace().next()).filter(|c| *c != "help").collect();
    assert!(commands.len() > 5, "{help}");
    place.rosey(&["man", "pages/man1"]).exits(0);
    for command in commands {
        let page = place.read(&format!("pages/man1/rosey-{command}.1"));
        for section in ["SYNOPSIS", "\"EXIT STATUS\"", "\"ENVIRONMENT\"", "\"FILES\""] {
            assert!(page.contains(&format!(".SH {section}")), "{page}");
        }
    }
    let rendered = place.prepared("man", &["-l", "pages/man1/rosey-plan.1"]).env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8").output();
    match rendered {
        Ok(output) if output.status.success() && !String::from_utf8_lossy(&output.stdout).contains("minimized") => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains("SYNOPSIS") && text.contains("--detailed-exitcode"), "{text}");
            assert!(text.contains("EXAMPLES") && text.contains("rosey plan --out plans/ -m 'add tokens'"), "{text}");
            assert!(text.lines().last().is_some_and(|l| l.contains(env!("CARGO_PKG_VERSION"))), "{text}");
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        _ => say("SKIPPED rendering the manual: there is no man"),
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    place.write("pages", "a file");
    let run = place.rosey(&["man", "pages"]).exits(1);
    assert!(run.err.contains("cannot write the manual pages to pages"), "{run}");
}
