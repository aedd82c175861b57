//! Plans and states as files: readable KDL text, byte for byte the same for the same input.
//!
//! They contain nothing from rows (neither values nor counts), nor the database's location or the user. The
//! last line is a digest of everything before it. A file that was edited or truncated, or written by a later
//! rosey, is refused, and the error says why.

mod state;

use sha2::{Digest as _, Sha256};

use super::{Fact, LossCause, Lost, Plan};
use crate::kdl::document::{Block, Pen, read};
use crate::schema::{Address, Dialect, Exchanged, Ident};

pub use state::State;

/// The format version of both files.
pub const FILE_FORMAT: i64 = 1;

/// Why a file is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is not such a file.
    #[error("not a rosey {0}")]
    Other(&'static str),
    /// A later version of rosey wrote it.
    #[error("written by a newer rosey: its format is {found}, and this rosey supports {FILE_FORMAT}")]
    Later {
        /// The format.
        found: String,
    },
    /// It is truncated.
    #[error("truncated: the last line, the digest, is missing")]
    CutOff,
    /// It was edited or damaged.
    #[error("edited or damaged: the content does not match the digest in its last line")]
    Edited,
    /// It cannot be parsed.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line.
        line: usize,
        /// The error.
        message: String,
    },
}

/// The kind of a file written by rosey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A saved plan.
    Plan,
    /// A state.
    State,
}

impl FileKind {
    /// Determines the kind from the lines of the text, which may be damaged or edited.
    pub fn of(text: &str) -> Option<FileKind> {
        let head = text.lines().map(str::trim_start).find(|l| !l.is_empty() && !l.starts_with("//"))?;
        match head.split_whitespace().next()? {
            "rosey-plan" => Some(FileKind::Plan),
            "rosey-state" => Some(FileKind::State),
            _ => None,
        }
    }

    /// Returns its name for display.
    pub fn word(self) -> &'static str {
        match self {
            FileKind::Plan => "a saved plan",
            FileKind::State => "a state",
        }
    }
}

/// The content of a plan file except for its steps, which follow from the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanFile {
    /// The dialect.
    pub dialect: Dialect,
    /// The version that it was made for.
    pub number: i64,
    /// The message.
    pub message: Option<String>,
    /// For a rollback: the version whose schema is restored; 0 is the schema before the first version.
    pub back_to: Option<i64>,
    /// For a rollback: the exchanges of names that have been done in the restored schema.
    pub lost: Vec<Lost>,
    /// For a rollback: the name exchanges that are done in the restored schema.
    pub exchanged: Exchanged,
    /// SQLite: rebuild every table that changes, even if a cheaper path exists.
    pub rebuild_only: bool,
    /// PostgreSQL: tables that contain rows are changed without blocking writers.
    pub online: bool,
    /// The schema that it starts from, as KDL, with the guards from the history.
    pub current: String,
    /// Other facts about the database.
    pub facts: Vec<Fact>,
    /// The desired schema, as KDL.
    pub desired: String,
    /// The digest of the file.
    pub digest: String,
    /// The whole text.
    pub text: String,
}

/// The input for a plan file.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'d> {
    /// The version that it is made for.
    pub number: i64,
    /// The message.
    pub message: Option<&'d str>,
    /// For a rollback: the version whose schema is restored.
    pub back_to: Option<i64>,
    /// For a rollback: what is restored without its values.
    pub lost: &'d [Lost],
    /// For a rollback: the exchanges of names that have been done in the restored schema.
    pub exchanged: &'d Exchanged,
    /// The schema that it starts from.
    pub current: &'d str,
    /// Other facts about the database.
    pub facts: &'d [Fact],
    /// The desired schema.
    pub desired: &'d str,
    /// The plan as made without the database.
    pub plan: &'d Plan,
    /// The plan rendered for readers.
    pub shown: &'d str,
}

/// Returns the text of a plan file.
pub fn write_plan(draft: &Draft<'_>) -> String {
    let plan = draft.plan;
    let mut pen = Pen::default();
    pen.comment("A plan made by `rosey plan --out`. `rosey show` prints it, `rosey apply` applies it. Do not edit it: an edited plan is refused.\n\n");
    pen.comment(draft.shown);
    pen.blank();
    pen.number("rosey-plan", FILE_FORMAT);
    pen.node("dialect", &[plan.dialect.word()]);
    pen.number("number", draft.number);
    if let Some(message) = draft.message {
        pen.node("message", &[message]);
    }
    if let Some(number) = draft.back_to {
        pen.number("back-to", number);
    }
    for lost in draft.lost {
        let by = lost.by.to_string();
        let args: Vec<&str> = [by.as_str(), lost.cause.word()].into_iter().chain(lost.address.parts()).collect();
        pen.node("lost", &args);
    }
    for (address, old) in draft.exchanged {
        let args: Vec<&str> = address.parts().chain([old.as_str()]).collect();
        pen.node("exchanged", &args);
    }
    if plan.dialect.capabilities().steps_outside_transaction {
        pen.node("online", &[if plan.online { "true" } else { "false" }]);
    } else {
        pen.node("sqlite-path", &[if plan.rebuild_only { "rebuild" } else { "cheapest" }]);
    }
    schema(&mut pen, "current", draft.current);
    facts(&mut pen, draft.facts);
    schema(&mut pen, "desired", draft.desired);
    pen.open("changes", NONE);
    for address in plan.changes.addresses() {
        let step = plan.steps.iter().find(|s| s.address == address);
        let action = step.map_or("none", |s| s.action.word());
        pen.node("change", &[address.to_string().as_str(), action, step.map_or("", |s| s.reason.as_str())]);
    }
    pen.close();
    for step in &plan.steps {
        pen.open("step", &[&step.address.to_string(), step.action.word(), step.transaction.word()]);
        for hazard in &step.hazards {
            pen.node("hazard", &[hazard.code.name(), hazard.level.word(), &hazard.address.to_string()]);
        }
        step.statements.iter().for_each(|s| pen.node("sql", &[&s.sql]));
        pen.close();
    }
    sealed(pen)
}

const NONE: &[&str] = &[];

fn schema(pen: &mut Pen, name: &str, text: &str) {
    pen.open(name, &[digest(text)]);
    pen.verbatim(text);
    pen.close();
}

fn facts(pen: &mut Pen, facts: &[Fact]) {
    pen.open("facts", NONE);
    facts.iter().for_each(|f| pen.node(&f.name, &f.args));
    pen.close();
}

/// Adds bytes to a digest with their length, so that they cannot be confused with what follows.
pub(crate) fn add_part(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

/// Returns the SHA-256 of a text, in hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// Appends the digest of the text as the last line.
fn sealed(pen: Pen) -> String {
    let text = pen.finish();
    let digest = digest(&text);
    format!("{text}digest \"{digest}\"\n")
}

/// Returns the content of a file whose digest matches, and the digest. Line endings may have been converted
/// to those of another system.
fn opened(text: &str) -> Result<(String, String), FileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let (content, last) = text.trim_end().rsplit_once('\n').ok_or(FileError::CutOff)?;
    let told = last.strip_prefix("digest \"").and_then(|l| l.strip_suffix('"')).ok_or(FileError::CutOff)?.to_owned();
    let content = format!("{content}\n");
    if digest(&content) == told { Ok((content, told)) } else { Err(FileError::Edited) }
}

/// Parses the nodes of a file of this kind.
fn blocks(text: &str, kind: &'static str, what: &'static str) -> Result<(Vec<Block>, String), FileError> {
    let first = text.lines().find_map(|l| l.trim_start_matches('\u{feff}').strip_prefix(kind));
    let found = first.ok_or(FileError::Other(what))?.trim().to_owned();
    if found != FILE_FORMAT.to_string() {
        // It is unknown what a later version of rosey calls its digest.
        return Err(if found.parse::<i64>().is_ok_and(|n| n > FILE_FORMAT) { FileError::Later { found } } else { FileError::Other(what) });
    }
    let (content, digest) = opened(text)?;
    let blocks = read(&content, &["current", "desired", "recorded", "written"]);
    Ok((blocks.map_err(|(line, message)| FileError::Syntax { line, message })?, digest))
}

fn block<'b>(blocks: &'b [Block], name: &str) -> Option<&'b Block> {
    blocks.iter().find(|b| b.name == name)
}

fn word<'b>(blocks: &'b [Block], name: &str) -> Option<&'b str> {
    block(blocks, name).and_then(Block::first)
}

fn dialect(blocks: &[Block], what: &'static str) -> Result<Dialect, FileError> {
    word(blocks, "dialect").and_then(Dialect::of_word).ok_or(FileError::Other(what))
}

fn text_of(blocks: &[Block], name: &str) -> Option<String> {
    block(blocks, name).map(|b| b.text.clone())
}

fn read_facts(blocks: &[Block]) -> Vec<Fact> {
    let children = block(blocks, "facts").map(|b| b.children.as_slice()).unwrap_or_default();
    children.iter().map(|b| Fact { name: b.name.clone(), args: b.args.clone() }).collect()
}

fn read_lost(block: &Block) -> Option<Lost> {
    let [by, cause, parts @ ..] = block.args.as_slice() else { return None };
    let cause = LossCause::ALL.into_iter().find(|f| f.word() == cause)?;
    Some(Lost { address: Address::of_parts(parts)?, cause, by: by.parse().ok()?, values: None })
}

fn read_exchanged(block: &Block, dialect: Dialect) -> Option<(Address, Ident)> {
    let [address @ .., old] = block.args.as_slice() else { return None };
    Some((Address::of_parts(address)?, Ident::new(old.as_str(), dialect.case())))
}

/// Reads a plan file.
///
/// # Errors
/// If it is not a plan file, or was changed since it was written.
pub fn read_plan(text: &str) -> Result<PlanFile, FileError> {
    const WHAT: &str = "plan file";
    let (blocks, digest) = blocks(text, "rosey-plan", WHAT)?;
    let missing = || FileError::Other(WHAT);
    let dialect = dialect(&blocks, WHAT)?;
    let exchanged = blocks.iter().filter(|b| b.name == "exchanged").filter_map(|b| read_exchanged(b, dialect));
    Ok(PlanFile {
        dialect,
        exchanged: exchanged.collect(),
        number: word(&blocks, "number").and_then(|n| n.parse().ok()).ok_or_else(missing)?,
        message: word(&blocks, "message").map(str::to_owned),
        back_to: word(&blocks, "back-to").and_then(|n| n.parse().ok()),
        lost: blocks.iter().filter(|b| b.name == "lost").filter_map(read_lost).collect(),
        rebuild_only: word(&blocks, "sqlite-path") == Some("rebuild"),
        online: word(&blocks, "online") == Some("true"),
        current: text_of(&blocks, "current").ok_or_else(missing)?,
        facts: read_facts(&blocks),
        desired: text_of(&blocks, "desired").ok_or_else(missing)?,
        digest,
        text: text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n"),
    })
}
