//! A password, wherever the user specifies it, does not appear in anything that the program prints or writes;
//! nor does the value of a variable named by a file in the repository.

use super::{Place, USERS};

const SECRET: &str = "TOPSECRET";

/// URLs that are valid, wrong, or something else, each containing the password.
const URLS: [&str; 15] = [
    "postgresql://ada:TOPSECRET@127.0.0.1:1/chat",
    "postgresql+asyncpg://ada:TOPSECRET@127.0.0.1:1/chat?ssl=prefer",
    "postgresql://127.0.0.1:1/chat?user=ada&password=TOPSECRET",
    "postgresql://ada:TOPSECRET@127.0.0.1:1/chat?foo=1",
    "postgresql://ada:TOPSECRET@127.0.0.1:x/chat",
    "postgresql://ada:x@TOPSECRET@127.0.0.1:0/chat",
    "postgresql://ada:x/TOPSECRET@127.0.0.1:1/chat",
    "postgresql://ada:x?TOPSECRET@127.0.0.1:1/chat",
    "postgresql://ada:TOPSECRET%zz@127.0.0.1:1/chat",
    "postgresql://ada:TOPSECRET",
    "mysql://ada:TOPSECRET@127.0.0.1/chat",
    "ada:TOPSECRET@127.0.0.1/chat",
    "host=127.0.0.1 port=1 user=ada password=TOPSECRET dbname=chat",
    "dbname=chat password='x TOPSECRET'",
    "password=TOPSECRET",
];

/// Where a URL can be given: arguments, with `URL` as a placeholder.
const ARGUMENTS: [&[&str]; 18] = [
    &["plan", "--url", "URL"],
    &["plan", "URL"],
    &["plan", "-url=URL"],
    &["plan", "--schema", "URL", "--url", "test.db"],
    &["plan", "--schema", "URL", "--url", "test.db", "--format", "json"],
    &["plan", "--state", "URL"],
    &["plan", "--config", "URL"],
    &["plan", "--env", "URL"],
    &["plan", "--url", "URL", "--out", "plan.kdl"],
    &["apply", "--auto-approve", "--url", "URL"],
    &["apply", "URL"],
    &["diff", "URL", "schema.kdl"],
    &["diff", "schema.kdl", "URL"],
    &["show", "URL"],
    &["history", "--url", "URL", "--format", "json"],
    &["inspect", "--url", "URL"],
    &["restore", "URL"],
    &["test", "--url", "URL"],
];

fn keeps_it(place: &Place, arguments: &[&str], variable: Option<(&str, &str)>) {
    let output = place.command(arguments).envs(variable).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(SECRET), "{arguments:?} {variable:?}\n{said}");
    assert_ne!(output.status.code(), Some(0), "{arguments:?} {variable:?}\n{said}");
}

fn place() -> Place {
    let place = Place::with(USERS);
    place.database.run("CREATE TABLE other (id INTEGER)", false);
    place
}

#[test]
fn on_the_command_line() {
    let place = place();
    for url in URLS {
        for form in ARGUMENTS {
            // A file of that name is allowed.
            let arguments: Vec<String> = form.iter().map(|word| word.replace("URL", url)).collect();
            keeps_it(&place, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), None);
        }
    }
}

#[test]
fn in_variables_and_files() {
    let place = place();
    for url in URLS {
        keeps_it(&place, &["plan"], Some(("ROSEY_DATABASE_URL", url)));
        place.write("rosey.kdl", "env a { url-from SECRET_OF_THE_JOB }\n");
        keeps_it(&place, &["plan", "--env", "a"], Some(("SECRET_OF_THE_JOB", url)));
        keeps_it(&place, &["history", "--env", "a"], Some(("SECRET_OF_THE_JOB", url)));
        let quoted = url.replace('\\', "\\\\").replace('"', "\\\"");
        place.write("rosey.kdl", format!("env a {{ url \"{quoted}\" }}\n"));
        keeps_it(&place, &["plan", "--env", "a"], None);
        place.write("mine.kdl", format!("env a {{ url \"{quoted}\" }}\n"));
        keeps_it(&place, &["plan", "--env", "a", "--project", "mine.kdl"], None);
        place.write("rosey.kdl", format!("env a {{ url \"{quoted}\"; nonsense }}\n"));
        keeps_it(&place, &["plan", "--env", "a"], None);
        place.write("rosey.kdl", "");
        place.write("config.json", format!("{{\"database_url\": \"{quoted}\"}}"));
        keeps_it(&place, &["plan"], None);
        place.write("config.json", format!("{{\"database_url\": \"{quoted}\""));
        keeps_it(&place, &["plan"], None);
        std::fs::remove_file(place.path("config.json")).unwrap();
    }
}

#[test]
fn what_a_variable_holds_is_not_shown_whatever_it_is() {
    let place = place();
    place.write("rosey.kdl", "env a { url-from AWS_KEY }\n");
    for value in ["TOPSECRET", "xyz:TOPSECRET", "TOPSECRET://x", "postgresql://h/d?TOPSECRET=1", "a b TOPSECRET", "TOPSECRET=x"] {
        keeps_it(&place, &["plan", "--env", "a"], Some(("AWS_KEY", value)));
    }
}

#[test]
fn keywords_of_libpq_are_shown_as_a_url() {
    let run = place().rosey(&["plan", "--url", "host=db user=ada password=TOPSECRET dbname=chat"]).exits(1);
    assert!(run.err.contains("this is a libpq keyword/value string; rosey takes a URL"), "{run}");
    assert!(run.err.contains("use postgresql://ada:PASSWORD@db/chat"), "{run}");
}

#[test]
fn an_unknown_parameter_is_named_with_those_that_are_known() {
    let run = place().rosey(&["plan", "--url", "postgresql://ada@db/chat?foo=1"]).exits(1);
    assert!(run.err.contains("unknown parameter `foo`\n") && run.err.contains("known parameters: host, hostaddr, port"), "{run}");
    let run = place().rosey(&["plan", "--url", "postgresql://ada@db/chat?sslmod=x"]).exits(1);
    assert!(run.err.contains("unknown parameter `sslmod`; did you mean `sslmode`?"), "{run}");
}
