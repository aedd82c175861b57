//! `--format html`.

use insta::assert_snapshot;
use rosey::render::html;

use super::{bot, declared, nasty, tags, without_style};
use crate::support::Database;

#[test]
fn the_bots_page() {
    let (declared, plan) = bot();
    let page = html(&plan, "schema.kdl", &declared.schema);
    tags::check(&page);
    assert_snapshot!(without_style(&page));
}

#[test]
fn names_stay_in_their_places() {
    let (declared, plan) = nasty();
    let page = html(&plan, "schema <b>.kdl", &declared.schema);
    tags::check(&page);
    assert_snapshot!(without_style(&page));
}

#[test]
fn nothing_is_loaded() {
    let (declared, plan) = bot();
    let page = html(&plan, "schema.kdl", &declared.schema);
    for word in ["http:", "https:", "url(", "@import", "//cdn"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_page_of_no_changes_shows_the_tables() {
    let declared = declared("table a { column id integer primary-key }");
    let database = Database::from_sql("CREATE TABLE a (id INTEGER PRIMARY KEY)");
    let page = html(&declared.plan(&database), "schema.kdl", &declared.schema);
    let seen = tags::check(&page);
    assert!(page.contains("No changes.") && seen.contains(&"svg".to_owned()) && !seen.contains(&"article".to_owned()), "{page}");
}

#[test]
fn drift_is_told_before_the_changes() {
    let (declared, mut plan) = nasty();
    plan.drift = Some(rosey::plan::Drift { number: 7, changes: plan.changes.clone(), unmanaged: Vec::new() });
    let page = html(&plan, "schema.kdl", &declared.schema);
    tags::check(&page);
    assert!(page.contains("Changed outside rosey since version 7") && page.find("id=\"drift\"") < page.find("id=\"changes\""));
}

#[test]
fn a_page_says_where_it_comes_from() {
    let (declared, plan) = bot();
    let from = rosey::render::Provenance {
        database: "db.example:5432/app as ada".to_owned(),
        commit: Some("0123abc".to_owned()),
        at: "2026-11-27T19:00:00Z".to_owned(),
    };
    let page = rosey::render::html_from(&plan, "schema.kdl", &declared.schema, Some(&from));
    assert!(page.contains("<p class=\"from\">db.example:5432/app as ada · commit <code>0123abc</code> · 2026-11-27T19:00:00Z</p>"));
}
