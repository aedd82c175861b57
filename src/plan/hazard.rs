//! What can go wrong with a step, by name.

use super::NotCounted;
use crate::schema::Address;

/// A hazard's stable name. People put these into their pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A table goes, with its rows.
    DestroysTable,
    /// A column goes, with its values.
    DestroysColumn,
    /// A sequence goes, with its position.
    DestroysSequence,
    /// An extension is dropped, with everything that belongs to it.
    DestroysExtension,
    /// A schema is dropped, with the privileges on it.
    DestroysSchema,
    /// A change of type alters values for good.
    LosesValues,
    /// Values are kept, though the new type is not made for them.
    MisfitValues,
    /// Times without a zone and moments become each other as times of UTC.
    TakenAsUtc,
    /// Texts are longer than the new type says.
    LongerValues,
    /// Rows hold NULL where it will be refused.
    BreaksNotNull,
    /// Rows do not meet a new condition.
    BreaksCheck,
    /// Rows are equal where they must differ.
    BreaksUnique,
    /// Rows point to rows that are not there.
    BreaksForeignKey,
    /// Rows hold values that a STRICT table refuses.
    BreaksType,
    /// Ids may be used again.
    LosesAutoincrement,
    /// A view that comes cannot be read.
    BrokenView,
    /// A trigger that comes cannot run.
    BrokenTrigger,
    /// What the schema leaves alone would no longer work.
    BreaksIgnored,
    /// The file guards an object that would go.
    PreventDestroy,
    /// The database lacks what rosey cannot make.
    NotSupported,
    /// Statements of programs that run meanwhile will fail.
    BreaksClients,
    /// Nobody writes while rows are read or an index is built.
    BlocksWriters,
    /// All rows are written anew, while nobody reads or writes.
    RewritesTable,
    /// What goes and what comes are alike.
    LooksLikeRename,
    /// A rollback makes something again whose values are gone.
    NotRestored,
    /// A rollback drops what no apply created.
    DropsAdopted,
}

impl Code {
    /// All of them.
    pub const ALL: [Code; 26] = [
        Code::DestroysTable,
        Code::DestroysColumn,
        Code::DestroysSequence,
        Code::DestroysExtension,
        Code::DestroysSchema,
        Code::LosesValues,
        Code::MisfitValues,
        Code::TakenAsUtc,
        Code::LongerValues,
        Code::BreaksNotNull,
        Code::BreaksCheck,
        Code::BreaksUnique,
        Code::BreaksForeignKey,
        Code::BreaksType,
        Code::LosesAutoincrement,
        Code::BrokenView,
        Code::BrokenTrigger,
        Code::BreaksIgnored,
        Code::PreventDestroy,
        Code::NotSupported,
        Code::BreaksClients,
        Code::BlocksWriters,
        Code::RewritesTable,
        Code::LooksLikeRename,
        Code::NotRestored,
        Code::DropsAdopted,
    ];

    /// Those of data that is lost for good, for which leave may be given.
    pub const DESTROYS: [Code; 7] = [
        Code::DestroysTable,
        Code::DestroysColumn,
        Code::DestroysSequence,
        Code::DestroysExtension,
        Code::DestroysSchema,
        Code::LosesValues,
        Code::MisfitValues,
    ];

    /// Those that only warn, unless a project has made them stop an apply.
    pub const WARNS: [Code; 10] = [
        Code::TakenAsUtc,
        Code::LongerValues,
        Code::LosesAutoincrement,
        Code::BrokenView,
        Code::BrokenTrigger,
        Code::BreaksClients,
        Code::BlocksWriters,
        Code::RewritesTable,
        Code::LooksLikeRename,
        Code::NotRestored,
    ];

    /// The code of this name.
    pub fn of_name(name: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|c| c.name() == name)
    }

    /// What it means wherever it is said, but for where rows decide.
    pub fn own_level(self) -> Level {
        if Code::DESTROYS.contains(&self) {
            Level::Destroys
        } else if Code::WARNS.contains(&self) {
            Level::Warns
        } else {
            Level::Blocks
        }
    }

    /// Its name in output.
    pub fn name(self) -> &'static str {
        match self {
            Code::DestroysTable => "destroys-table",
            Code::DestroysColumn => "destroys-column",
            Code::DestroysSequence => "destroys-sequence",
            Code::DestroysExtension => "destroys-extension",
            Code::DestroysSchema => "destroys-schema",
            Code::LosesValues => "loses-values",
            Code::MisfitValues => "misfit-values",
            Code::TakenAsUtc => "taken-as-utc",
            Code::LongerValues => "longer-values",
            Code::BreaksNotNull => "breaks-not-null",
            Code::BreaksCheck => "breaks-check",
            Code::BreaksUnique => "breaks-unique",
            Code::BreaksForeignKey => "breaks-foreign-key",
            Code::BreaksType => "breaks-type",
            Code::LosesAutoincrement => "loses-autoincrement",
            Code::BrokenView => "broken-view",
            Code::BrokenTrigger => "broken-trigger",
            Code::BreaksIgnored => "breaks-ignored",
            Code::PreventDestroy => "prevent-destroy",
            Code::NotSupported => "not-supported",
            Code::BreaksClients => "breaks-clients",
            Code::BlocksWriters => "blocks-writers",
            Code::RewritesTable => "rewrites-table",
            Code::LooksLikeRename => "looks-like-rename",
            Code::NotRestored => "values-not-restored",
            Code::DropsAdopted => "drops-adopted",
        }
    }
}

/// What a hazard means for an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// It cannot be done as things stand.
    Blocks,
    /// Data is lost for good: it needs leave.
    Destroys,
    /// Most likely something to act on.
    Warns,
    /// Worth knowing.
    Notes,
}

impl Level {
    /// All of them, the gravest first.
    pub const ALL: [Level; 4] = [Level::Blocks, Level::Destroys, Level::Warns, Level::Notes];

    /// Its word in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Level::Blocks => "blocks",
            Level::Destroys => "destroys",
            Level::Warns => "warns",
            Level::Notes => "notes",
        }
    }
}

/// How many rows a hazard is about, before they have been counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// An aggregate over the step's rows, counted with all others of the step in one pass.
    Aggregate(String),
    /// A query of its own that gives one number.
    Query(String),
}

impl Probe {
    /// Its SQL.
    pub fn sql(&self) -> &str {
        match self {
            Probe::Aggregate(sql) | Probe::Query(sql) => sql,
        }
    }
}

/// A named risk of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hazard {
    /// Which.
    pub code: Code,
    /// What it means.
    pub level: Level,
    /// What it is about.
    pub address: Address,
    /// What is said of `{count}` of `{total}` rows; `{rows}` and `{values}` are the count with its noun.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// How it is counted. A hazard with a probe that finds nothing is none, unless it destroys.
    pub probe: Option<Probe>,
    /// A query that finds the rows, for people to run: never shown with what it finds.
    pub find: Option<String>,
    /// The relations that its count reads, as SQL names them. What else the count turns out to read comes from the schema file.
    pub reads: Vec<String>,
    /// Rows it is about, once counted.
    pub count: Option<i64>,
    /// A query that counts the values which can be converted, for a count that converts them back as well: where that is
    /// refused and this one is not, all of them count.
    pub forward: Option<String>,
    /// Rows there are, once counted.
    pub total: Option<i64>,
    /// Such rows were found; how many is not told (`--counts safe`).
    pub some: bool,
    /// Why it was not counted, where that was tried or refused.
    pub uncounted: Option<NotCounted>,
    /// Leave has been given for it, so that it stops nothing.
    pub allowed: bool,
    /// It would only warn: a project has made it stop an apply, and leave lifts that.
    pub raised: bool,
}

impl Hazard {
    /// A hazard that needs no counting.
    pub fn new(code: Code, level: Level, address: Address, message: impl Into<String>, advice: impl Into<String>) -> Self {
        let (message, advice) = (message.into(), advice.into());
        Hazard {
            code,
            level,
            address,
            message,
            advice,
            probe: None,
            find: None,
            reads: Vec::new(),
            count: None,
            forward: None,
            total: None,
            some: false,
            uncounted: None,
            allowed: false,
            raised: false,
        }
    }

    /// Whether it stops an apply.
    pub fn stops(&self) -> bool {
        match self.level {
            Level::Blocks => true,
            Level::Destroys => !self.allowed,
            Level::Warns | Level::Notes => false,
        }
    }

    /// Adds how it is counted.
    pub fn counted(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Adds the relations that its count reads.
    pub fn reading<S: Into<String>>(mut self, relations: impl IntoIterator<Item = S>) -> Self {
        self.reads = relations.into_iter().map(Into::into).collect();
        self
    }

    /// Adds the query that finds the rows.
    pub fn found_by(mut self, sql: impl Into<String>) -> Self {
        self.find = Some(sql.into());
        self
    }

    /// Notes that it was not counted, and why.
    pub fn not_counted(&mut self, why: NotCounted) {
        (self.count, self.total, self.some, self.uncounted) = (None, None, false, Some(why));
    }

    /// Keeps of a count only whether there are such rows.
    pub fn only_some(&mut self) {
        self.some = self.count.is_some_and(|n| n != 0);
        if self.some {
            (self.count, self.total) = (None, None);
        }
    }

    /// Why it was not counted, as a clause behind its message.
    pub fn why_uncounted(&self) -> Option<String> {
        self.uncounted.as_ref().map(|why| format!("not counted: {why}"))
    }

    /// The message with its numbers, or with the reason why they are missing.
    pub fn text(&self) -> String {
        let Some(why) = self.why_uncounted() else { return self.filled(&self.message) };
        // The reason takes the place of the number in brackets.
        let number = ["({rows})", "({values})"].into_iter().find_map(|n| self.message.split_once(n));
        match number {
            Some((before, after)) => format!("{}({why}){}", self.filled(before), self.filled(after)),
            None => format!("{} ({why})", self.filled(&self.message)),
        }
    }

    /// A message, or a part of one, with its numbers.
    fn filled(&self, message: &str) -> String {
        if self.some {
            let text = message.replace("{count} of {total}", "some").replace("{count}", "some").replace("{total}", "all");
            return text.replace("{rows}", "some rows").replace("{values}", "some values");
        }
        let number = |n: Option<i64>| n.map_or_else(|| "an unknown number".to_owned(), thousands);
        let of = |noun: &str| self.count.map_or_else(|| format!("an unknown number of {noun}s"), |n| counted(n, noun));
        let unknown = self.count.is_none() && self.total.is_none();
        let message = if unknown { message.replace("{count} of {total}", "an unknown number of") } else { message.to_owned() };
        let text = message.replace("{count}", &number(self.count)).replace("{total}", &number(self.total));
        text.replace("{rows}", &of("row")).replace("{values}", &of("non-null value"))
    }
}

/// A number with commas between its thousands.
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// `1 row`, `2 rows`.
pub fn counted(n: i64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// A size in the unit that keeps it short.
pub fn bytes(n: i64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KiB", "MiB", "GiB"];
    let mut size = n as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 || size >= 100.0 { format!("{size:.0} {}", UNITS[unit]) } else { format!("{size:.1} {}", UNITS[unit]) }
}
