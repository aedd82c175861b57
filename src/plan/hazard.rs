//! The named risks of a step.

use super::NotCounted;
use crate::schema::Address;

/// The stable name of a hazard, on which pipelines of users depend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A table is dropped, with its rows.
    DestroysTable,
    /// A column is dropped, with its values.
    DestroysColumn,
    /// A sequence is dropped, with its position.
    DestroysSequence,
    /// An extension is dropped, with everything that belongs to it.
    DestroysExtension,
    /// A schema is dropped, with the privileges on it.
    DestroysSchema,
    /// A change of type alters values irreversibly.
    LosesValues,
    /// Values are kept although they do not fit the new type.
    MisfitValues,
    /// Timestamps without and with a time zone are converted to each other as UTC.
    TakenAsUtc,
    /// Text is longer than the new type allows.
    LongerValues,
    /// Rows contain NULL in a column that becomes NOT NULL.
    BreaksNotNull,
    /// Rows violate a check constraint.
    BreaksCheck,
    /// Rows violate a unique constraint or index.
    BreaksUnique,
    /// Rows violate a foreign key.
    BreaksForeignKey,
    /// Rows contain values that a STRICT table rejects.
    BreaksType,
    /// Ids may be reused.
    LosesAutoincrement,
    /// A new view cannot be read.
    BrokenView,
    /// A new trigger cannot run.
    BrokenTrigger,
    /// An ignored object would no longer work.
    BreaksIgnored,
    /// An object guarded by the file would be dropped.
    PreventDestroy,
    /// The schema contains something that rosey cannot create.
    NotSupported,
    /// Statements of running applications will fail.
    BreaksClients,
    /// Writers are blocked while rows are read or an index is built.
    BlocksWriters,
    /// All rows are rewritten, while readers and writers are blocked.
    RewritesTable,
    /// A dropped object resembles an added one.
    LooksLikeRename,
    /// A rollback re-creates something whose values are lost.
    NotRestored,
    /// A rollback drops what no apply created.
    DropsAdopted,
}

impl Code {
    /// All codes.
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

    /// The codes of data that is lost irreversibly, which can be permitted.
    pub const DESTROYS: [Code; 7] = [
        Code::DestroysTable,
        Code::DestroysColumn,
        Code::DestroysSequence,
        Code::DestroysExtension,
        Code::DestroysSchema,
        Code::LosesValues,
        Code::MisfitValues,
    ];

    /// The codes that only warn, unless a project lets them stop an apply.
    pub const WARNS: [Code; 11] = [
        Code::DropsAdopted,
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

    /// Returns the code of this name.
    pub fn of_name(name: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Returns its level, which is fixed unless the rows decide it.
    pub fn own_level(self) -> Level {
        if Code::DESTROYS.contains(&self) {
            Level::Destroys
        } else if Code::WARNS.contains(&self) {
            Level::Warns
        } else {
            Level::Blocks
        }
    }

    /// Returns its name in output.
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
    /// It cannot be applied as it is.
    Blocks,
    /// Data is lost irreversibly: requires permission.
    Destroys,
    /// Probably requires action.
    Warns,
    /// For information.
    Notes,
}

impl Level {
    /// All levels, most severe first.
    pub const ALL: [Level; 4] = [Level::Blocks, Level::Destroys, Level::Warns, Level::Notes];

    /// Returns its name in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Level::Blocks => "blocks",
            Level::Destroys => "destroys",
            Level::Warns => "warns",
            Level::Notes => "notes",
        }
    }
}

/// How to count the rows that a hazard affects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// An aggregate on the step's rows, counted with all others of the step in one pass.
    Aggregate(String),
    /// A separate query that returns one number.
    Query(String),
}

impl Probe {
    /// Returns its SQL.
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
    /// The code.
    pub code: Code,
    /// The level.
    pub level: Level,
    /// The object that it affects.
    pub address: Address,
    /// The message, with `{count}` and `{total}` for the numbers of rows; `{rows}` and `{values}` are the
    /// count with its noun.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// How it is counted. A hazard whose count is zero is removed, unless it destroys data.
    pub probe: Option<Probe>,
    /// A query that finds the rows, for users to run. Its result is never shown.
    pub find: Option<String>,
    /// The relations that its count reads, as spelled in SQL. Anything else that the count reads is from the
    /// schema file.
    pub reads: Vec<String>,
    /// The number of affected rows, once counted.
    pub count: Option<i64>,
    /// A query that counts only the values which can be converted, for a count that also converts them back:
    /// if that count fails and this query does not, all of these values count.
    pub forward: Option<String>,
    /// The total number of rows, once counted.
    pub total: Option<i64>,
    /// Whether affected rows were found although their number is withheld (`--counts safe`).
    pub some: bool,
    /// Why it was not counted, if counting was tried or refused.
    pub uncounted: Option<NotCounted>,
    /// Whether it is permitted and therefore stops nothing.
    pub allowed: bool,
    /// Whether it is a warning that the project made stop an apply, which a permission reverts.
    pub raised: bool,
}

impl Hazard {
    /// Creates a hazard that is not counted.
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

    /// Returns true if it stops an apply.
    pub fn stops(&self) -> bool {
        match self.level {
            Level::Blocks => true,
            Level::Destroys => !self.allowed,
            Level::Warns | Level::Notes => false,
        }
    }

    /// Sets how it is counted.
    pub fn counted(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Sets the relations that its count reads.
    pub fn reading<S: Into<String>>(mut self, relations: impl IntoIterator<Item = S>) -> Self {
        self.reads = relations.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the query that finds the rows.
    pub fn found_by(mut self, sql: impl Into<String>) -> Self {
        self.find = Some(sql.into());
        self
    }

    /// Records that it was not counted, and why.
    pub fn not_counted(&mut self, why: NotCounted) {
        (self.count, self.total, self.some, self.uncounted) = (None, None, false, Some(why));
    }

    /// Reduces the count to whether there are affected rows.
    pub fn only_some(&mut self) {
        self.some = self.count.is_some_and(|n| n != 0);
        if self.some {
            (self.count, self.total) = (None, None);
        }
    }

    /// Returns why it was not counted, as a clause to append to its message.
    pub fn why_uncounted(&self) -> Option<String> {
        self.uncounted.as_ref().map(|why| format!("not counted: {why}"))
    }

    /// Returns the kind and name of its object, without the table.
    pub(crate) fn subject(&self) -> String {
        crate::schema::one_line(&format!("{} {}", self.address.last_kind().word().replace('-', " "), self.address.last()))
    }

    /// Returns the message with its numbers, or with the reason why they are missing.
    pub fn text(&self) -> String {
        let Some(why) = self.why_uncounted() else { return self.filled(&self.message) };
        if let (Some(NotCounted::Fails { .. }), Level::Blocks) = (&self.uncounted, self.level) {
            return format!("{}: its evaluation fails on some rows ({why})", self.subject());
        }
        // The reason takes the place of the number in brackets.
        let number = ["({rows})", "({values})"].into_iter().find_map(|n| self.message.split_once(n));
        match number {
            Some((before, after)) => format!("{}({why}){}", self.filled(before), self.filled(after)),
            None => format!("{} ({why})", self.filled(&self.message)),
        }
    }

    /// Returns a message, or a part of one, with its numbers.
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

/// Formats a number with thousands separators.
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

/// Formats `1 row`, `2 rows`.
pub fn counted(n: i64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// Formats a size in a suitable unit.
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
