//! Shows problems with their source: the line, an arrow, and what to write instead.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use textwrap::{WordSeparator, WordSplitter};

use super::Sources;
use super::excerpt::{Excerpt, Lines};
use super::project::Severity;
use crate::schema::{Problem, Span, one_line};

/// The number of problems that are shown; the others are only counted.
const SHOWN: usize = 100;

/// The number of characters shown of a message. A name may be as long as a file.
const LONGEST: usize = 4000;

/// All problems of all files of a schema. `Display` shows the first hundred, with their source and without
/// color.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    problems: Vec<Problem>,
    files: Arc<Vec<Lines>>,
}

impl Diagnostics {
    /// Creates diagnostics from problems and their files, sorted by position.
    pub fn new(sources: &Sources, mut problems: Vec<Problem>) -> Self {
        if let Some(file) = sources.files().iter().find(|f| f.foreign) {
            return Diagnostics::hidden(&file.name, problems.len());
        }
        problems.sort_by_key(|p| p.labels.iter().map(|l| l.0).min());
        // Both dialects may report the same problem, and the two are not always adjacent.
        let mut seen = HashSet::new();
        problems.retain(|p| seen.insert(p.clone()));
        Diagnostics { problems, files: Arc::new(lines(sources)) }
    }

    /// Reports a file whose text must not be shown: a link from somebody else may lead to anything on this
    /// machine.
    fn hidden(name: &str, count: usize) -> Self {
        let count = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
        let message = format!("`{name}` is a symbolic link to a file outside the project, so its contents are not shown ({count})");
        let help = "pass the file itself with --schema, or move it into the project";
        Diagnostics { problems: vec![Problem::new(message, None, "").help(help)], files: Arc::default() }
    }

    /// Returns the problems as data.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().take(SHOWN).enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&rendered(&Shown::new(problem, &self.files))?)?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "\nand {more} more"),
        }
    }
}

fn lines(sources: &Sources) -> Vec<Lines> {
    sources.files().iter().map(|f| Lines::new(&f.name, &f.text)).collect()
}

/// Remarks on a schema that is valid KDL, each with its code and position.
pub struct Remarks {
    files: Vec<Lines>,
}

impl Remarks {
    /// Creates remarks on these files.
    pub fn new(sources: &Sources) -> Self {
        Remarks { files: lines(sources) }
    }

    /// Renders one remark.
    pub fn remark(&self, problem: &Problem, code: &str, level: Severity) -> String {
        let shown = Shown { remark: Some((code.to_owned(), level)), ..Shown::new(problem, &self.files) };
        rendered(&shown).unwrap_or_default()
    }
}

/// Returns a message on one line and of a readable length.
fn told(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn rendered(shown: &Shown) -> Result<String, fmt::Error> {
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false).with_context_lines(1);
    // A word such as `on-delete` is not hyphenated.
    let handler = handler.with_word_separator(WordSeparator::AsciiSpace).with_word_splitter(WordSplitter::NoHyphenation);
    let mut text = String::new();
    handler.render_report(&mut text, shown)?;
    Ok(text.trim_matches('\n').lines().map(|line| format!("{}\n", line.trim_end())).collect())
}

/// One problem as miette expects it: labels in the file of the first one; a label in another file becomes
/// text.
struct Shown {
    message: String,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
    /// Code and severity, if it is not an error.
    remark: Option<(String, Severity)>,
}

impl Shown {
    fn new(problem: &Problem, files: &[Lines]) -> Self {
        let main = problem.labels.first().map(|l| l.0.file);
        let (own, others): (Vec<_>, Vec<_>) = problem.labels.iter().partition(|(span, _)| Some(span.file) == main);
        let mut help: Vec<String> = problem.help.iter().map(|h| h.lines().map(told).collect::<Vec<_>>().join("\n")).collect();
        for (span, label) in others {
            if let Some(file) = files.get(span.file as usize) {
                let line = file.of(span.start as usize) + 1;
                help.push(format!("{}: {}, line {line}", told(label), told(&file.name)));
            }
        }
        let spans: Vec<Span> = own.iter().map(|(span, _)| *span).collect();
        let excerpt = main.and_then(|i| files.get(i as usize)).map(|file| Excerpt::new(file, &spans));
        let (source, places) = excerpt.map_or((None, Vec::new()), |(excerpt, places)| (Some(excerpt), places));
        let labelled = own.iter().zip(places);
        let labels = labelled.map(|((_, label), (start, len))| LabeledSpan::new(Some(told(label)), start, len)).collect();
        let help = (!help.is_empty()).then(|| help.join("\n"));
        Shown { message: told(&problem.message), source, labels, help, remark: None }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let (code, level) = self.remark.as_ref()?;
        Some(Box::new(format!("{}[{code}]", level.word())))
    }
    fn severity(&self) -> Option<miette::Severity> {
        self.remark.as_ref().map(|(_, level)| match level {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note | Severity::Off => miette::Severity::Advice,
        })
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }
}
