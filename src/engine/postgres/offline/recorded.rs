//! What the last apply recorded: the schema in the spelling of the file and in that of the server.
//! Expressions that neither the file nor the database has changed since are equal.

use std::collections::BTreeMap;

use super::super::normalize;
use super::places::{self, Place};
use crate::engine::offline::Recorded;
use crate::schema::{Schema, View};

/// Gives expressions of the file the server's spelling if neither the file nor the database has changed them
/// since they were applied.
pub(super) fn take_recorded(current: &mut Schema, wanted: &mut Schema, recorded: Recorded<'_>, home: &str) {
    let spelled = |schema: &Schema| {
        let mut schema = schema.clone();
        normalize::normalize(&mut schema, home);
        places::spellings(&mut places::slots(&mut schema))
    };
    let (after, written) = (spelled(recorded.after), spelled(recorded.written));
    let live = places::spellings(&mut places::slots(current));
    let file = places::spellings(&mut places::slots(wanted));
    let mut servers: BTreeMap<(Place, String), String> = BTreeMap::new();
    for (place, said) in &file {
        let there = [live.get(place), written.get(place), after.get(place)];
        let [Some(live), Some(written), Some(after)] = there else { continue };
        let (open, spelled) = (less(said, live), less(live, said));
        if sorted(&open) == sorted(&less(written, after))
            && sorted(&spelled) == sorted(&less(after, written))
            && open.len() == spelled.len()
        {
            servers.extend(open.into_iter().zip(spelled).map(|(o, s)| ((place.clone(), o.clone()), s.clone())));
        }
    }
    for (place, mut slot) in places::slots(wanted) {
        if let Some(spelled) = servers.get(&(place, slot.canon().clone())) {
            slot.canon().clone_from(spelled);
        }
    }
    name_columns_alike(current, wanted, recorded.written);
}

/// Returns what the first list has and the second does not.
fn less<'s>(all: &'s [String], but: &[String]) -> Vec<&'s String> {
    all.iter().filter(|s| !but.contains(s)).collect()
}

fn sorted<'s>(texts: &[&'s String]) -> Vec<&'s String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

/// Takes over a view's column names, which are part of the server's spelling of its query.
fn name_columns_alike(current: &mut Schema, wanted: &Schema, written: &Schema) {
    for (name, view) in &wanted.views {
        let before: Option<&View> = written.views.get(name);
        let said = before.is_some_and(|w| w.columns == view.columns);
        if let Some(live) = current.views.get_mut(name).filter(|v| said && v.query == view.query) {
            live.columns.clone_from(&view.columns);
        }
    }
    for (name, view) in &wanted.materialized_views {
        let said = written.materialized_views.get(name).is_some_and(|w| w.columns == view.columns);
        if let Some(live) = current.materialized_views.get_mut(name).filter(|v| said && v.query == view.query) {
            live.columns.clone_from(&view.columns);
        }
    }
}
