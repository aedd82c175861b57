//! Where rosey runs in CI: the GitHub action, the pre-commit hooks, the image. The scripts run as they do
//! there, against an API that this test provides.

use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

const MARKER: &str = "<!-- rosey plan -->";
const BOT: &str = "github-actions[bot]";
/// A comment with this number simulates a token without write access.
const READ_ONLY: u64 = 999_999;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Prints a line that the test harness does not capture.
fn skip(why: &str) {
    writeln!(std::io::stderr().lock(), "\nrosey's tests: SKIPPED {why}").unwrap();
}

fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !there {
        skip(&format!("a test of the action: there is no {program}"));
    }
    there
}

/// The comments of a pull request: number, author, text.
type Comments = Arc<Mutex<Vec<(u64, String, String)>>>;

/// GitHub's API for comments, with the requests it received, in order.
struct Api {
    url: String,
    comments: Comments,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    /// Creates one whose token may only read.
    fn reading() -> Api {
        let api = Api::start(Vec::new());
        api.comments.lock().unwrap().push((READ_ONLY, "eve".to_owned(), String::new()));
        api
    }

    fn start(comments: Vec<(u64, String, String)>) -> Api {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (comments, asked) = (Arc::new(Mutex::new(comments)), Arc::new(Mutex::new(Vec::new())));
        let api = Api { url, comments: comments.clone(), asked: asked.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (line, body) = request(&mut reader);
                asked.lock().unwrap().push(line.clone());
                let (status, text) = answer(&line, &body, &comments);
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len()).unwrap();
            }
        });
        api
    }

    fn run(&self, plan: &str, extra: &[(&str, &str)]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.md");
        std::fs::write(&file, plan).unwrap();
        let mut command = Command::new("bash");
        command.arg(root().join("ci/comment.sh")).env("RUNNER_TEMP", folder.path()).env("ROSEY_PLAN", &file);
        command.env("GITHUB_API_URL", &self.url).env("GITHUB_REPOSITORY", "ada/chat").env("GITHUB_TOKEN", "t0ken");
        command.env("ROSEY_PULL_REQUEST", "7").env("ROSEY_CHANGES", "true").env("NO_PROXY", "127.0.0.1").envs(extra.iter().copied());
        command.output().unwrap()
    }

    fn texts(&self) -> Vec<String> {
        self.comments.lock().unwrap().iter().map(|(_, _, text)| text.clone()).collect()
    }
}

/// Returns the first line and the body of a request, which must have the token.
fn request(reader: &mut impl std::io::BufRead) -> (String, String) {
    let (mut first, mut length, mut token) = (String::new(), 0, false);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.trim().to_ascii_lowercase();
        if let Some(n) = lower.strip_prefix("content-length: ") {
            length = n.parse().unwrap();
        }
        token |= lower == "authorization: bearer t0ken";
        if lower.is_empty() {
            break;
        }
    }
    assert!(token, "{first}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first.trim_end().trim_end_matches(" HTTP/1.1").to_owned(), String::from_utf8(body).unwrap())
}

fn answer(line: &str, body: &str, comments: &Comments) -> (&'static str, String) {
    let mut comments = comments.lock().unwrap();
    let text = || serde_json::from_str::<serde_json::Value>(body).unwrap()["body"].as_str().unwrap().to_owned();
    if let Some(page) = line.strip_prefix("GET /repos/ada/chat/issues/7/comments?per_page=100&page=") {
        let skipped = (page.parse::<usize>().unwrap() - 1) * 100;
        let shown = |(id, login, body): &(u64, String, String)| serde_json::json!({"id": id, "user": {"login": login}, "body": body});
        let all: Vec<_> = comments.iter().skip(skipped).take(100).map(shown).collect();
        return ("200 OK", serde_json::Value::from(all).to_string());
    }
    if comments.iter().any(|(id, ..)| *id == READ_ONLY) {
        return ("403 Forbidden", "{\"message\": \"Resource not accessible by integration\"}".to_owned());
    }
    if line == "POST /repos/ada/chat/issues/7/comments" {
        let id = 1000 + comments.len() as u64;
        comments.push((id, BOT.to_owned(), text()));
        return ("201 Created", format!("{{\"id\": {id}}}"));
    }
    let patched = line.strip_prefix("PATCH /repos/ada/chat/issues/comments/").and_then(|id| id.parse().ok());
    match comments.iter_mut().find(|(id, ..)| Some(*id) == patched) {
        Some(comment) => {
            comment.2 = text();
            ("200 OK", "{}".to_owned())
        }
        None => ("404 Not Found", "{\"message\": \"Not Found\"}".to_owned()),
    }
}

fn tools() -> bool {
    is_there("bash") && is_there("curl") && is_there("jq")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_comment_is_written_once_and_then_updated() {
    if !tools() {
        return;
    }
    let other = (1, "eve".to_owned(), format!("{MARKER}\nnot the bot's"));
    let api = Api::start(vec![other.clone()]);
    let first = format!("{MARKER}\n## Plan\n\n```text\n~ table \"users\" {{ \\ \t`x` 日本 $HOME $(id)\n```\n");
    let output = api.run(&first, &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(api.texts(), [other.2.clone(), first]);
    let second = format!("{MARKER}\nanother\n");
    assert!(api.run(&second, &[("ROSEY_CHANGES", "false")]).status.success());
    assert_eq!(api.texts(), [other.2, second]);
}

#[test]
fn where_nothing_changes_no_comment_begins() {
    if !tools() {
        return;
    }
    let api = Api::start(Vec::new());
    assert!(api.run(&format!("{MARKER}\nNo changes.\n"), &[("ROSEY_CHANGES", "false")]).status.success());
    assert!(api.texts().is_empty());
}

#[test]
fn the_comment_is_found_on_a_later_page_and_by_its_name() {
    if !tools() {
        return;
    }
    let mut comments: Vec<_> = (0..150).map(|n| (n, "eve".to_owned(), format!("talk {n}"))).collect();
    comments.push((500, BOT.to_owned(), "<!-- rosey plan: prod -->\r\nold".to_owned()));
    let api = Api::start(comments);
    let plan = format!("{MARKER}\nnew\n");
    assert!(api.run(&plan, &[("ROSEY_COMMENT_NAME", "prod")]).status.success());
    assert_eq!(api.texts()[150], "<!-- rosey plan: prod -->\nnew\n");
    assert!(api.run(&plan, &[]).status.success());
    assert_eq!(api.texts()[151], plan);
    let refused = api.run(&plan, &[("ROSEY_COMMENT_NAME", "x --> y")]);
    assert!(!refused.status.success() && said(&refused).contains("comment-name may contain only letters"), "{}", said(&refused));
    assert_eq!(api.texts().len(), 152);
}

#[test]
fn half_a_plan_is_never_shown() {
    if !tools() {
        return;
    }
    let api = Api::start(Vec::new());
    let longest = format!("{MARKER}\n{}\n", "ä".repeat(65_536 - MARKER.len() - 2));
    assert!(api.run(&longest, &[]).status.success());
    assert!(api.texts() == [longest.clone()], "the longest comment is not whole");
    assert!(api.run(&format!("{longest}x"), &[("GITHUB_RUN_ID", "42")]).status.success());
    let [only] = api.texts().try_into().unwrap();
    assert!(only.starts_with(MARKER) && only.contains("/ada/chat/actions/runs/42") && only.len() < 300, "{only}");
}

#[test]
fn what_goes_wrong_is_said() {
    if !tools() {
        return;
    }
    let api = Api::start(Vec::new());
    let output = api.run("Plan: 1 to add\n", &[]);
    assert!(!output.status.success() && said(&output).contains("is not a plan in Markdown"), "{}", said(&output));
    let output = api.run(&format!("{MARKER}\n"), &[("ROSEY_PULL_REQUEST", "8")]);
    assert!(!output.status.success() && said(&output).contains("the comments cannot be read"), "{}", said(&output));
    assert!(!said(&output).contains("t0ken"));
    assert_eq!(api.asked.lock().unwrap().len(), 1);
}

#[test]
fn the_heading_names_the_database_and_the_commit() {
    if !tools() {
        return;
    }
    let api = Api::start(Vec::new());
    let plan = format!("{MARKER}\n### Plan: 1 to add\n\n### Plan: of a name\n");
    assert!(api.run(&plan, &[("ROSEY_COMMENT_NAME", "prod"), ("ROSEY_COMMIT", "1f0c2ab")]).status.success());
    let wanted = "<!-- rosey plan: prod -->\n### prod: Plan: 1 to add\nFor commit 1f0c2ab.\n\n### Plan: of a name\n";
    assert_eq!(api.texts(), [wanted]);
}

/// A change that a later push has broken must not look as if it had a plan.
#[test]
fn a_plan_that_fails_is_told_in_the_comment_that_is_there_and_begins_none() {
    if !tools() {
        return;
    }
    let api = Api::start(Vec::new());
    let failed = [("ROSEY_PLAN", ""), ("ROSEY_CHANGES", ""), ("ROSEY_COMMIT", "2b"), ("GITHUB_RUN_ID", "42")];
    assert!(api.run("", &failed).status.success());
    assert!(api.texts().is_empty());
    assert!(api.run(&format!("{MARKER}\n### Plan: 1 to add\n"), &[("ROSEY_COMMIT", "1a")]).status.success());
    assert!(api.run("", &failed).status.success());
    let link = "https://github.com/ada/chat/actions/runs/42";
    let wanted = format!("{MARKER}\n### The plan failed\nFor commit 2b.\n\nThe reason is in [the log of the run]({link}).\n");
    assert_eq!(api.texts(), [wanted]);
}

#[test]
fn a_token_that_may_only_read_is_a_warning() {
    if !tools() {
        return;
    }
    let output = Api::reading().run(&format!("{MARKER}\n### Plan: 1 to add\n"), &[]);
    let said = said(&output);
    assert!(output.status.success() && said.contains("::warning::the comment cannot be written: this token may not"), "{said}");
}

/// Runs `ci/run.sh` with a program that exits with `code` and prints what follows `| ` on standard error;
/// returns the exit code, how it was called, and the outputs.
fn run_script(command: &str, code: i32, prints: &str, extra: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let told = prints.split_once("| ").map_or(String::new(), |(_, told)| format!("printf '{told}' >&2\n"));
    let prints = prints.split("| ").next().unwrap();
    let program = format!(
        "#!/bin/sh\nprintf '[%s]' \"$@\" >'{}'\necho \"$ROSEY_DATABASE_URL\" >'{}'\n{told}printf '{prints}'\nexit {code}\n",
        file("called").display(),
        file("url").display()
    );
    std::fs::write(file("rosey"), program).unwrap();
    std::process::Command::new("chmod").arg("+x").arg(file("rosey")).status().unwrap();
    let mut script = Command::new("bash");
    script.arg(root().join("ci/run.sh")).env("ROSEY_BINARY", file("rosey")).env("ROSEY_COMMAND", command);
    script.env("ROSEY_URL", "sqlite:///the.db").env_remove("ROSEY_DATABASE_URL").envs(extra.iter().copied()).current_dir(folder.path());
    script.env("RUNNER_TEMP", folder.path()).env("GITHUB_OUTPUT", file("output")).env("GITHUB_STEP_SUMMARY", file("summary"));
    let output = script.output().unwrap();
    let plan = file("").display().to_string();
    let outputs = std::fs::read_to_string(file("output")).unwrap_or_default().replace(&plan, "");
    let url = std::fs::read_to_string(file("url")).unwrap_or_default();
    let given = |name| extra.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let wanted = given("ROSEY_URL").filter(|u| !u.is_empty()).or(given("ROSEY_DATABASE_URL")).unwrap_or(if given("ROSEY_URL").is_some() {
        ""
    } else {
        "sqlite:///the.db"
    });
    assert!(url.is_empty() || url.trim() == wanted, "{url} instead of {wanted}");
    assert!(!outputs.contains("plan=") || std::fs::read_to_string(file("summary")).unwrap() == prints.replace("\\n", "\n"));
    (output.status.code(), std::fs::read_to_string(file("called")).unwrap_or_default(), outputs)
}

#[test]
fn the_action_plans_and_applies() {
    if !is_there("bash") {
        return;
    }
    let schema = [("ROSEY_SCHEMA", "my schema.kdl"), ("ROSEY_ARGS", "--state  s.kdl")];
    let (code, called, outputs) = run_script("plan", 2, "the plan\\n", &schema);
    assert_eq!(
        (code, called.as_str()),
        (Some(0), "[plan][--detailed-exitcode][--format][markdown][--schema][my schema.kdl][--state][s.kdl]")
    );
    assert!(outputs.starts_with("exit-code=2\nplan=rosey.") && outputs.ends_with("\nchanges=true\n"), "{outputs}");
    let (code, _, outputs) = run_script("plan", 0, "No changes.\\n", &[]);
    assert!(code == Some(0) && outputs.contains("exit-code=0") && outputs.contains("changes=false"), "{outputs}");
    let (code, _, outputs) = run_script("plan", 1, "", &[]);
    assert_eq!((code, outputs.as_str()), (Some(1), "exit-code=1\nchanges=false\n"));
    let (code, called, outputs) = run_script("apply", 0, "Apply complete (version 1)\\n", &[]);
    assert_eq!((code, called.as_str(), outputs.as_str()), (Some(0), "[apply][--auto-approve]", "exit-code=0\nchanges=true\n"));
    let (code, _, outputs) = run_script("apply", 3, "", &[]);
    assert_eq!((code, outputs.as_str()), (Some(3), "exit-code=3\nchanges=false\n"));
    assert_eq!(run_script("destroy", 0, "", &[]), (Some(1), String::new(), String::new()));
}

#[test]
fn every_line_of_the_arguments_counts_and_a_message_may_have_blanks() {
    if !is_there("bash") {
        return;
    }
    let lines = [("ROSEY_ARGS", "--env prod\n\n  --allow-destructive  -v\n"), ("ROSEY_MESSAGE", "release 1.4")];
    let (_, called, _) = run_script("apply", 0, "", &lines);
    assert_eq!(called, "[apply][--auto-approve][--env][prod][--allow-destructive][-v][--message][release 1.4]");
    let (_, called, _) = run_script("plan", 0, "", &lines);
    assert!(called.ends_with("[--env][prod][--allow-destructive][-v]"), "{called}");
}

/// An empty database instead of the one whose secret is missing would be planned from nothing.
#[test]
fn without_a_database_nothing_runs() {
    if !is_there("bash") {
        return;
    }
    for command in ["plan", "apply"] {
        let (code, called, outputs) = run_script(command, 0, "", &[("ROSEY_URL", "")]);
        assert_eq!((code, called.as_str(), outputs.as_str()), (Some(1), "", "exit-code=1\nchanges=false\n"));
        for named in [("ROSEY_DATABASE_URL", "sqlite:///job.db"), ("ROSEY_ARGS", "-v\n--env prod"), ("ROSEY_ARGS", "--url=x.db")] {
            let (code, called, _) = run_script(command, 0, "", &[("ROSEY_URL", ""), named]);
            assert!(code == Some(0) && called.contains(command), "{named:?}: {called}");
        }
    }
    assert_eq!(run_script("plan", 0, "", &[("ROSEY_URL", ""), ("ROSEY_ARGS", "--state s.kdl")]).0, Some(0));
}

/// A log that ended with the plan would look as if everything had succeeded.
#[test]
fn the_log_ends_with_what_went_wrong_and_a_line_that_annotates_it() {
    if !is_there("bash") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = "#!/bin/sh\nprintf 'error: 50%% of it\\n  ::warning::table t\\n  help: look\\n' >&2\necho 'Plan: 1 to add.'\nexit 3\n";
    std::fs::write(folder.path().join("rosey"), program).unwrap();
    Command::new("chmod").arg("+x").arg(folder.path().join("rosey")).status().unwrap();
    for command in ["plan", "apply"] {
        let mut script = Command::new("bash");
        script.args(["-c", "bash \"$0\" 2>&1"]).arg(root().join("ci/run.sh")).current_dir(folder.path());
        script.env("ROSEY_BINARY", folder.path().join("rosey")).env("ROSEY_COMMAND", command).env("ROSEY_URL", "sqlite:///a.db");
        script.env("RUNNER_TEMP", folder.path()).env("GITHUB_OUTPUT", folder.path().join("output")).env_remove("GITHUB_STEP_SUMMARY");
        let output = script.output().unwrap();
        let log = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(output.status.code(), Some(3), "{log}");
        let token = lines[0].strip_prefix("::stop-commands::").unwrap();
        let annotation = format!("::error title=rosey {command}::error: 50%25 of it%0A  ::warning::table t");
        let resumed = format!("::{token}::");
        assert_eq!(
            lines[1..],
            ["Plan: 1 to add.", "error: 50% of it", "  ::warning::table t", "  help: look", &resumed, &annotation],
            "{log}"
        );
    }
}

#[test]
fn what_was_committed_before_a_failure_has_changed_something() {
    if !is_there("bash") {
        return;
    }
    let told = "| error: table.t: cancelled\\n  the transaction is committed (version 3); one step is left\\n";
    let (code, _, outputs) = run_script("apply", 1, told, &[]);
    assert_eq!((code, outputs.as_str()), (Some(1), "exit-code=1\nchanges=true\n"));
    let words = read("src/cli/error.rs") + &read("src/engine/failure.rs");
    for said in read("ci/run.sh").split("-e '").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned()) {
        assert!(words.contains(&said), "rosey does not say `{said}`");
    }
}

#[test]
fn files_of_other_tools_are_yaml_and_name_what_is_there() {
    let check = "import sys, yaml\nfor f in sys.argv[1:]: yaml.safe_load(open(f, encoding='utf-8'))";
    let yaml = Command::new("python3").args(["-c", "import yaml"]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if yaml {
        let output =
            Command::new("python3").args(["-c", check, "action.yml", ".pre-commit-hooks.yaml"]).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    } else {
        skip("reading the files of YAML: python3 has no yaml");
    }
    let action = read("action.yml");
    for script in action.split("GITHUB_ACTION_PATH/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(root().join(script).is_file(), "{script}");
    }
    let declared = |name: &str| action.contains(&format!("\n  {name}:\n"));
    for input in action.split("inputs.").skip(1) {
        let name: String = input.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        assert!(declared(&name), "the action has no input {name}");
    }
    let hooks = read(".pre-commit-hooks.yaml");
    let pattern = |of: &str| hooks.lines().find_map(|l| l.trim().strip_prefix(of)?.strip_prefix(": ")).unwrap().to_owned();
    let taken = "import re, sys\nf, e = sys.argv[1:3]\nprint(*[p for p in sys.argv[3:] if re.search(f, p) and not re.search(e, p)])";
    let paths = ["schema.kdl", "db/schema.kdl", "rosey.kdl", "schema/a.kdl", "niri/config.kdl", "plans/1.plan.kdl", "schema/x.state.kdl"];
    let output = Command::new("python3").args(["-c", taken, &pattern("files"), &pattern("exclude")]).args(paths).output();
    if let Ok(output) = output {
        assert_eq!(said(&output).trim(), "schema.kdl db/schema.kdl rosey.kdl schema/a.kdl");
    }
    for entry in read(".pre-commit-hooks.yaml").lines().filter_map(|l| l.trim().strip_prefix("entry: ")) {
        rosey::cli::command().try_get_matches_from(entry.split(' ')).unwrap();
    }
}

#[test]
fn the_image_is_built_from_what_is_there() {
    let (docker, cargo) = (read("Dockerfile"), read("Cargo.toml"));
    let version = cargo.lines().find_map(|l| l.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(docker.contains(&format!("FROM rust:{version}-slim")), "the image is built by another Rust than {version}");
    let context = tempfile::tempdir().unwrap();
    let ignored = read(".dockerignore");
    let copies = docker.lines().filter_map(|l| l.strip_prefix("COPY ")).filter(|l| !l.starts_with("--from"));
    for path in copies.flat_map(|l| l.rsplit_once(' ').unwrap().0.split(' ')) {
        assert!(ignored.lines().any(|l| l.strip_prefix('!') == Some(path)), "{path} is not let into the image's folder");
        copy(&root().join(path), &context.path().join(path));
    }
    // Cargo accepts the manifest as it is, with nothing next to it.
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(context.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

fn copy(from: &Path, to: &PathBuf) {
    if from.is_dir() {
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        return;
    }
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}
