//! The order of a plan's steps: numbered from top to bottom, with a line from each to the steps that depend
//! on it.

use super::class;
use super::dot::colour;
use super::mermaid::quotable;
use super::place::CELL;
use super::svg::{SOFT, boxed, drawn, open};
use crate::plan::{Action, Lock, Plan, Resource, Step, Transaction, counted};
use crate::render::markup::{cells, clipped, line, xml};
use crate::render::view::Symbol;

/// The steps of a plan.
pub(super) struct Steps {
    steps: Vec<Shown>,
    /// Pairs of a step and a step that depends on it.
    waits: Vec<(usize, usize)>,
}

struct Shown {
    text: String,
    mark: Symbol,
    transaction: Transaction,
}

/// The text in the diagram of an empty plan.
const NOTHING: &str = "nothing to do";

/// The parts of a plan, with their headings.
const PARTS: [(Transaction, &str, &str); 3] = [
    (Transaction::Before, "before", "before the transaction"),
    (Transaction::Inside, "inside", "in the transaction"),
    (Transaction::After, "after", "after the transaction"),
];

impl Steps {
    /// Collects the steps of a plan.
    pub(super) fn of(plan: &Plan) -> Steps {
        let shown = |(i, s): (usize, &Step)| Shown {
            text: format!("{}: {} {}{}{}", i + 1, s.action.word(), s.address, what(plan, s), lock(s)),
            mark: mark(s.action),
            transaction: s.transaction,
        };
        let mut waits = Vec::new();
        for (b, later) in plan.steps.iter().enumerate() {
            waits.extend((0..b).filter(|a| waits_for(later, &plan.steps[*a])).map(|a| (a, b)));
        }
        Steps { steps: plan.steps.iter().enumerate().map(shown).collect(), waits }
    }

    fn part(&self, of: Transaction) -> impl Iterator<Item = (usize, &Shown)> {
        self.steps.iter().enumerate().filter(move |(_, s)| s.transaction == of)
    }

    /// Returns the parts that have steps.
    fn parts(&self) -> impl Iterator<Item = (Transaction, &'static str, &'static str)> {
        PARTS.into_iter().filter(|(t, _, _)| self.part(*t).next().is_some())
    }

    pub(super) fn mermaid(&self) -> String {
        let mut out = "flowchart TD\n".to_owned();
        if self.steps.is_empty() {
            out.push_str(&format!("    none[\"{NOTHING}\"]\n"));
        }
        for (transaction, id, title) in self.parts() {
            out.push_str(&format!("    subgraph {id} [\"{title}\"]\n"));
            for (i, step) in self.part(transaction) {
                out.push_str(&format!("        s{i}[\"{}\"]\n", entities(&quotable(&step.text))));
            }
            out.push_str("    end\n");
        }
        self.lines().for_each(|(a, b, waits)| out.push_str(&format!("    s{a} {} s{b}\n", if waits { "-->" } else { "~~~" })));
        out
    }

    pub(super) fn dot(&self) -> String {
        let mut out = "digraph plan {\n    node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=11];\n".to_owned();
        if self.steps.is_empty() {
            out.push_str(&format!("    none [label=\"{NOTHING}\"];\n"));
        }
        for (transaction, id, title) in self.parts() {
            out.push_str(&format!("    subgraph cluster_{id} {{\n        label=\"{title}\"; color=\"#77828f\"; fontname=\"Helvetica\";\n"));
            for (i, step) in self.part(transaction) {
                out.push_str(&format!("        s{i} [label=<{}>, color=\"{}\"];\n", line(&step.text), colour(Some(step.mark))));
            }
            out.push_str("    }\n");
        }
        let style = |waits| if waits { "color=\"#77828f\"" } else { "style=invis" };
        self.lines().for_each(|(a, b, waits)| out.push_str(&format!("    s{a} -> s{b} [{}];\n", style(waits))));
        out.push_str("}\n");
        out
    }

    /// Returns the lines, with an invisible one between independent consecutive steps, to keep them in order.
    fn lines(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        let next = (1..self.steps.len()).map(|b| (b - 1, b)).filter(|pair| !self.waits.contains(pair));
        self.waits.iter().map(|(a, b)| (*a, *b, true)).chain(next.map(|(a, b)| (a, b, false)))
    }

    pub(super) fn svg(&self) -> String {
        let longest = self.steps.iter().map(|s| cells(&clipped(&s.text, LONGEST))).max().unwrap_or(24);
        let width = longest as f64 * CELL + 24.0;
        let mut body = String::new();
        let (tops, height) = self.boxes(width, &mut body);
        let mut reach = 0.0_f64;
        for (a, b) in &self.waits {
            // The longer the line, the further out it runs.
            let out = 18.0 + (16.0 * (b - a) as f64).min(160.0);
            reach = reach.max(out);
            body.push_str(&arc(20.0 + width, tops[*a] + 17.0, tops[*b] + 9.0, out));
        }
        let what = format!("a plan of {}", counted(self.steps.len() as i64, "step"));
        open(width + 40.0 + reach, height + 10.0, &what) + &body + "</svg>\n"
    }

    /// Draws a box for each step. Returns the tops of the boxes and the bottom of the last one.
    fn boxes(&self, width: f64, body: &mut String) -> (Vec<f64>, f64) {
        const HEADING: f64 = 30.0;
        const STEP: f64 = 34.0;
        let mut tops = Vec::new();
        let mut y = 14.0;
        let heading = |text: &str, y: f64, body: &mut String| {
            body.push_str(&format!("<text class=\"soft\" x=\"20\" y=\"{}\" fill=\"{SOFT}\">{text}</text>\n", y + 14.0));
            y + HEADING
        };
        if self.steps.is_empty() {
            y = heading(NOTHING, y, body);
        }
        for (transaction, _, title) in self.parts() {
            y = heading(title, y, body);
            for (_, step) in self.part(transaction) {
                body.push_str(&format!("<g class=\"step{}\"><title>{}</title>", class(Some(step.mark)), line(&step.text)));
                body.push_str(&format!("<rect {} x=\"20\" y=\"{y}\" width=\"{width}\" height=\"26\" rx=\"6\"/>", boxed(Some(step.mark))));
                body.push_str(&format!("<text x=\"32\" y=\"{}\">{}</text></g>\n", y + 17.0, xml(&clipped(&step.text, LONGEST))));
                tops.push(y);
                y += STEP;
            }
        }
        (tops, y)
    }
}

/// Returns what distinguishes a step from the others of its object: its reason, or else the beginning of its
/// SQL.
fn what(plan: &Plan, step: &Step) -> String {
    let same = |s: &&Step| s.address == step.address && s.action == step.action;
    let alike = plan.steps.iter().filter(same).filter(|s| s.reason == step.reason).count() > 1;
    if !step.reason.is_empty() && !alike {
        return format!(" ({})", step.reason);
    }
    let sql = step.statements.first().filter(|_| alike).map(|s| s.sql.split_whitespace().collect::<Vec<_>>().join(" "));
    let sql = sql.map(|sql| if sql.chars().count() > SQL { sql.chars().take(SQL).chain(['…']).collect() } else { sql });
    sql.map(|sql| format!(" ({sql})")).unwrap_or_default()
}

/// The number of characters of a statement to show.
const SQL: usize = 60;

/// Returns the strongest lock that the step takes on any relation.
fn lock(step: &Step) -> String {
    // From weakest to strongest (https://www.postgresql.org/docs/current/explicit-locking.html).
    const RISING: [&str; 8] = [
        "ACCESS SHARE",
        "ROW SHARE",
        "ROW EXCLUSIVE",
        "SHARE UPDATE EXCLUSIVE",
        "SHARE",
        "SHARE ROW EXCLUSIVE",
        "EXCLUSIVE",
        "ACCESS EXCLUSIVE",
    ];
    let strength = |l: &&Lock| (RISING.iter().position(|mode| *mode == l.mode), std::cmp::Reverse(l.relation.clone()));
    step.locks.iter().max_by_key(strength).map(|l| format!("; locks {}: {}", l.relation, l.mode)).unwrap_or_default()
}

/// The length at which step texts are truncated; a tooltip shows the whole text.
const LONGEST: usize = 120;

/// Returns a line to the right of the boxes, with an arrowhead at its end.
fn arc(x: f64, from: f64, to: f64, out: f64) -> String {
    let (far, back) = (x + out, x + 9.0);
    let (way, tip) = drawn(None);
    format!(
        "<path {way} d=\"M{x} {from} C{far} {from} {far} {to} {x} {to}\"/>\
         <path {tip} d=\"M{x} {to} L{back} {} L{back} {} Z\"/>\n",
        to - 4.5,
        to + 4.5
    )
}

/// Returns true if one step must wait for the other: for what it creates, for a dependency that it ends, or
/// for a name that it frees.
fn waits_for(later: &Step, earlier: &Step) -> bool {
    let shares = |a: &[Resource], b: &[Resource]| a.iter().any(|r| b.contains(r));
    let (l, e) = (&later.footprint, &earlier.footprint);
    shares(&e.creates, &l.needs) || shares(&e.frees, &l.drops) || shares(&e.drops, &l.creates)
}

fn mark(action: Action) -> Symbol {
    match action {
        Action::Create => Symbol::Create,
        Action::Alter | Action::Replace => Symbol::Change,
        Action::Rebuild => Symbol::Rebuild,
        Action::Destroy => Symbol::Destroy,
        Action::Unsupported | Action::Carry => Symbol::None,
    }
}

/// Escapes text for a flowchart: Mermaid reads it as HTML with its own entities
/// (<https://mermaid.js.org/syntax/flowchart.html>).
fn entities(text: &str) -> String {
    text.replace('#', "#35;").replace('&', "#amp;").replace('<', "#lt;").replace('>', "#gt;").replace('`', "#96;")
}
