//! Shows problems with their source: the line, an arrow, and what to write instead.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::Sources;
use super::project::Severity;
use crate::schema::{Problem, escape};

/// All problems of all files of a schema. `Display` shows every one of them, with its source, and without colour.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    problems: Vec<Problem>,
    files: Arc<Vec<(String, String)>>,
}

impl Diagnostics {
    /// Problems with the files they are in, sorted by place.
    pub fn new(sources: &Sources, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|p| p.labels.iter().map(|l| l.0).min());
        // Both dialects may find the same, and not one right after the other.
        let mut seen: Vec<Problem> = Vec::new();
        problems.retain(|p| !seen.contains(p) && (seen.push(p.clone()), true).1);
        let files = sources.files().iter().map(|f| (f.name.clone(), f.text.clone())).collect();
        Diagnostics { problems, files: Arc::new(files) }
    }

    /// The problems as data.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&rendered(&Shown::new(problem, &self.files))?)?;
        }
        Ok(())
    }
}

/// One remark about a schema that is right as KDL, with its code and its place.
pub fn remark(sources: &Sources, problem: &Problem, code: &str, level: Severity) -> String {
    let files: Vec<_> = sources.files().iter().map(|f| (f.name.clone(), f.text.clone())).collect();
    let shown = Shown { remark: Some((code.to_owned(), level)), ..Shown::new(problem, &files) };
    rendered(&shown).unwrap_or_default()
}

fn rendered(shown: &Shown) -> Result<String, fmt::Error> {
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false).with_context_lines(1);
    let mut text = String::new();
    handler.render_report(&mut text, shown)?;
    Ok(text.trim_matches('\n').lines().map(|line| format!("{}\n", line.trim_end())).collect())
}

/// One problem as miette wants it: labels in the file of the first one; a label in another file becomes words.
struct Shown<'a> {
    problem: &'a Problem,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
    /// The code and level of what is no mistake.
    remark: Option<(String, Severity)>,
}

impl<'a> Shown<'a> {
    fn new(problem: &'a Problem, files: &[(String, String)]) -> Self {
        let main = problem.labels.first().map(|l| l.0.file);
        let source = main.and_then(|i| files.get(i as usize)).map(|(n, t)| NamedSource::new(escape(n), t.clone()));
        let mut help: Vec<String> = problem.help.iter().map(|h| escape(h)).collect();
        let mut labels = Vec::new();
        for (span, label) in &problem.labels {
            if Some(span.file) == main {
                labels.push(LabeledSpan::new(Some(escape(label)), span.start as usize, span.len as usize));
            } else if let Some((name, text)) = files.get(span.file as usize) {
                let line = text[..span.start as usize].matches('\n').count() + 1;
                help.push(format!("{}: {}, line {line}", escape(label), escape(name)));
            }
        }
        Shown { problem, source, labels, help: (!help.is_empty()).then(|| help.join("\n")), remark: None }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.problem.message))
    }
}
impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.problem.message))
    }
}
impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
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
