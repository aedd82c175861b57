//! The plan as an HTML page: self-contained, without scripts, and with a policy that forbids the browser to
//! load or run anything. It follows the reader's light or dark color scheme; the signs convey the same as the
//! colors.

mod parts;

use super::costs::{Cost, costs};
use super::graph::near_changes;
use super::markup::{line, lines};
use super::places::Provenance;
use super::view::{Symbol, View};
use crate::plan::{Level, Plan, counted};
use crate::schema::Schema;
use parts::{change, note, script};

const STYLE: &str = include_str!("style.css");

/// What a browser may do with the page: apply its inline styles, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Renders the whole plan as HTML. `desired` is the schema that it leads to, for the diagram.
pub fn html(plan: &Plan, schema: &str, desired: &Schema) -> String {
    html_from(plan, schema, desired, None)
}

/// Renders the whole plan as HTML, with the database, the commit and the time that it was made from.
pub fn html_from(plan: &Plan, schema: &str, desired: &Schema, provenance: Option<&Provenance>) -> String {
    let view = View::of(plan, schema);
    let mut out = head(plan, &view, provenance);
    warnings(&view, &mut out);
    drift(plan, &mut out);
    changes(&view, &mut out);
    cost(plan, &view, &mut out);
    diagram(plan, desired, &mut out);
    script(plan, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn head(plan: &Plan, view: &View, provenance: Option<&Provenance>) -> String {
    let summary = line(&view.summary);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>rosey: {summary}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<header>\n<p class=\"brand\">rosey plan</p>\n<h1>{summary}</h1>\n"
    );
    if let Some(from) = provenance {
        let commit = from.commit.as_deref().map(|c| format!(" · commit <code>{}</code>", line(c))).unwrap_or_default();
        out.push_str(&format!("<p class=\"from\">{}{commit} · {}</p>\n", line(&from.database), line(&from.at)));
    }
    if plan.creates_database {
        out.push_str(&format!("<p>{}</p>\n", super::NOT_THERE));
    }
    let symbols = view.symbols();
    if !symbols.is_empty() {
        let key = |s: &Symbol| format!("<li><span class=\"sign {0}\">{1}</span> {2}</li>", parts::class(*s), s.sign(), s.word());
        let keys: Vec<String> = symbols.iter().map(key).collect();
        out.push_str(&format!("<ul class=\"legend\" aria-label=\"Legend\">{}</ul>\n", keys.concat()));
    }
    out.push_str("</header>\n");
    out
}

/// Writes all warnings, those that stop an apply first.
fn warnings(view: &View, out: &mut String) {
    let notes = |level: Level| view.blocks.iter().flat_map(move |b| b.notes.iter().filter(move |n| n.level == level).map(move |n| (b, n)));
    let sorted: Vec<_> = Level::ALL.into_iter().flat_map(notes).collect();
    if sorted.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"warnings\">\n<h2 id=\"warnings\">Warnings</h2>\n<ul class=\"notes\">\n");
    sorted.iter().for_each(|(block, n)| note(&block.address, n, out));
    out.push_str("</ul>\n</section>\n");
}

fn drift(plan: &Plan, out: &mut String) {
    let Some(drift) = &plan.drift else { return };
    out.push_str("<section aria-labelledby=\"drift\">\n<h2 id=\"drift\">Drift</h2>\n");
    out.push_str(&format!("<p>Changed outside rosey since version {}:</p>\n<ul>\n", drift.number));
    drift.changes.addresses().iter().for_each(|a| out.push_str(&format!("<li><code>{}</code></li>\n", line(&a.to_string()))));
    out.push_str("</ul>\n</section>\n");
}

fn changes(view: &View, out: &mut String) {
    if view.blocks.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changes</h2>\n");
    view.blocks.iter().for_each(|b| change(b, out));
    out.push_str("</section>\n");
}

fn cost(plan: &Plan, view: &View, out: &mut String) {
    let item = |c: &Cost| {
        let of = c.of.as_ref().map(|a| format!("<code>{}</code> ", line(&a.to_string()))).unwrap_or_default();
        format!("<li>{of}{}</li>\n", line(&c.text))
    };
    let items: String = costs(plan, view).iter().map(item).collect();
    if !items.is_empty() {
        out.push_str(&format!("<section aria-labelledby=\"cost\">\n<h2 id=\"cost\">Cost</h2>\n<ul>\n{items}</ul>\n</section>\n"));
    }
}

fn diagram(plan: &Plan, desired: &Schema, out: &mut String) {
    // Inline SVG does not need its namespace.
    let (svg, left_out) = near_changes(desired, plan);
    let svg = svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    out.push_str("<section aria-labelledby=\"diagram\">\n<h2 id=\"diagram\">Tables</h2>\n");
    out.push_str(&format!("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Diagram of the tables\">\n{svg}</div>\n"));
    if left_out > 0 {
        let tables = counted(left_out as i64, "table");
        out.push_str(&format!(
            "<p>{tables} omitted, neither changed nor related to a changed table; run rosey graph to draw all tables.</p>\n"
        ));
    }
    out.push_str("</section>\n");
}

/// Returns preformatted lines of code.
pub(super) fn pre(text: &str) -> String {
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", lines(text))
}
