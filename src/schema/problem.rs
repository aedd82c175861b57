//! Problems in a schema file, with their positions: plain data that `kdl` shows with the source.

use std::ops::Range;

/// A range of bytes in a schema file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The index of the file among those that were read.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Span {
    /// Returns the bytes it covers.
    pub fn range(self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// Where an object was declared. Not part of the object's value: all origins are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin(pub Option<Span>);

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Origin {}

/// One problem, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where, each with a word or two for the arrow.
    pub labels: Vec<(Span, String)>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// Creates a problem at one position.
    pub fn new(message: impl Into<String>, at: impl Into<Option<Span>>, label: impl Into<String>) -> Self {
        let labels = at.into().map(|s| (s, label.into())).into_iter().collect();
        Problem { message: message.into(), labels, help: None }
    }

    /// Adds what to write instead.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second position.
    pub fn also(mut self, at: impl Into<Option<Span>>, label: impl Into<String>) -> Self {
        self.labels.extend(at.into().map(|s| (s, label.into())));
        self
    }
}

/// Longer words are not compared: nobody mistypes one, and the cost is the product of both lengths.
const LONGEST_WORD: usize = 100;

/// Returns the known word closest to the written one, if it is close enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > LONGEST_WORD {
        return None;
    }
    let folded = written.to_lowercase();
    known
        .into_iter()
        .filter(|k| k.len() <= LONGEST_WORD)
        .map(|k| (strsim::damerau_levenshtein(&folded, &k.to_lowercase()), k))
        .filter(|(d, k)| *d <= 1 + k.chars().count().min(written.chars().count()) / 4)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}
