//! Several commands on one database, and their output, without what differs from run to run.

use super::{Place, Run};

/// A working directory and a database.
pub struct Session {
    pub place: Place,
    pub url: String,
}

impl Session {
    /// Creates one on the SQLite file of the place.
    pub fn on_sqlite(place: Place) -> Session {
        Session { place, url: "test.db".to_owned() }
    }

    /// Creates one on a server.
    pub fn on_postgres(place: Place, url: String) -> Session {
        Session { place, url }
    }

    pub fn rosey(&self, arguments: &[&str]) -> Run {
        let mut command = self.place.command(arguments);
        command.env("ROSEY_DATABASE_URL", &self.url).env("USER", "ada");
        let mut run = Run::of(format!("rosey {}", arguments.join(" ")), &mut command);
        run.out = settled(&run.out);
        run.err = run.err.lines().filter(|l| !l.starts_with("database: ")).map(|l| settled(l) + "\n").collect();
        run
    }

    /// Runs commands and returns the output of all of them.
    pub fn run(&self, commands: &[&str]) -> String {
        commands.iter().map(|c| format!("{}\n", self.rosey(&c.split(' ').collect::<Vec<_>>()))).collect()
    }

    /// Runs commands and ignores their output.
    pub fn quietly(&self, commands: &[&str]) {
        commands.iter().for_each(|c| drop(self.rosey(&c.split(' ').collect::<Vec<_>>()).exits(0)));
    }

    /// Writes the schema file, and applies it with this message.
    pub fn applies(&self, schema: &str, message: &str) {
        self.place.write("schema.kdl", schema);
        self.rosey(&["apply", "--auto-approve", "--allow-destructive", "--backup", "never", "-q", "-m", message]).exits(0);
    }
}

/// Replaces times, digests, versions and the name of the machine, which differ on every run.
fn settled(text: &str) -> String {
    let host = gethostname::gethostname().into_string().unwrap_or_default();
    let text = text.replace(&format!("@{host}"), "@host");
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let line = if line.starts_with("  versions ") { "  versions  VERSIONS\n".to_owned() } else { line.to_owned() };
        let line = if line.starts_with("  took ") { "  took      SO LONG\n".to_owned() } else { line };
        out.push_str(&close_together(&without_digests(&without_stamps(&line))));
    }
    out
}

/// Removes `2026-01-01 00:00:00`, with or without a `T`, with or without milliseconds.
fn without_stamps(line: &str) -> String {
    const SHAPE: &str = "dddd-dd-dd dd:dd:dd";
    let fits = |text: &[char]| {
        text.len() == SHAPE.len()
            && text.iter().zip(SHAPE.chars()).all(|(c, s)| match s {
                'd' => c.is_ascii_digit(),
                ' ' => *c == ' ' || *c == 'T',
                s => *c == s,
            })
    };
    let chars: Vec<char> = line.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    while at < chars.len() {
        if fits(&chars[at..chars.len().min(at + SHAPE.len())]) {
            at += SHAPE.len();
            let rest: String = chars[at..].iter().collect();
            at += if rest.starts_with('.') { ".123Z".len() } else { 0 };
            out.push_str("TIME");
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Collapses the blanks in a line of the history, whose width depends on the name of the machine.
fn close_together(line: &str) -> String {
    if !line.trim_start().starts_with(|c: char| c.is_ascii_digit()) || !line.contains("  TIME") {
        return line.to_owned();
    }
    line.trim().split("  ").map(str::trim).filter(|w| !w.is_empty()).collect::<Vec<_>>().join("  ") + "\n"
}

fn without_digests(line: &str) -> String {
    let is_digest = |w: &&str| w.len() == 64 && w.chars().all(|c| c.is_ascii_hexdigit());
    match line.split([' ', '"', '\n']).find(is_digest) {
        Some(digest) => line.replace(digest, "DIGEST"),
        None => line.to_owned(),
    }
}
