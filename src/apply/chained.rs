//! The digests of the history. Each row carries a digest of itself and of the previous row's digest, so that
//! a row that was edited, inserted or deleted in the middle is detected and named.
//!
//! The digests contain no secret and detect only edits that leave them as they are. If someone with write
//! access to the table recomputes them, only a digest that was recorded elsewhere reveals the edit.

use sha2::{Digest as _, Sha256};

use super::Entry;

/// Returns the digest of a row that follows a row with the digest `before`. Each column contributes its
/// length in characters and its text, or `-` if it is NULL.
///
/// `outcome` is left out, because it changes when the last steps of an apply finish. `plan::record` computes
/// the same digest in PostgreSQL's SQL.
pub(super) fn digest(entry: &Entry, before: &str) -> String {
    let number = |n: i64| Some(n.to_string());
    let text = |t: &str| Some(t.to_owned());
    let columns = [
        text(before),
        number(entry.number),
        number(entry.format),
        text(&entry.plan),
        text(&entry.kind),
        entry.message.clone(),
        text(&entry.schema_before),
        text(&entry.schema_after),
        text(&entry.renames),
        text(&entry.sql),
        text(&entry.applied_at),
        entry.applied_by.clone(),
        entry.host.clone(),
        entry.git_commit.clone(),
        number(entry.duration_ms),
        number(entry.rows_copied),
        text(&entry.rosey_version),
        text(&entry.server_version),
        entry.backup.clone(),
        entry.schema_written.clone(),
        entry.back_to.and_then(number),
    ];
    let mut hash = Sha256::new();
    for column in columns {
        match column {
            Some(text) => hash.update(format!("{}:{text}", text.chars().count())),
            None => hash.update("-"),
        }
    }
    format!("{:x}", hash.finalize())
}

/// Returns the first version whose row was edited or does not follow the row that it was written after. Rows
/// without a digest were written by an older rosey or by a SQLite script and are accepted as they are.
pub fn first_changed(entries: &[Entry]) -> Option<i64> {
    let mut before = "";
    for entry in entries {
        if let Some(told) = &entry.digest
            && digest(entry, before) != *told
        {
            return Some(entry.number);
        }
        before = entry.digest.as_deref().unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=3 {
            let mut entry: Entry = serde_json::from_value(serde_json::json!({
                "number": number, "format": 2, "plan": "", "kind": "apply", "schema_before": "", "schema_after": format!("table t{number}"),
                "renames": "", "sql": "", "applied_at": "", "duration_ms": 0, "rows_copied": 0, "rosey_version": "", "server_version": "",
                "outcome": "applied"
            }))
            .unwrap();
            entry.digest = Some(digest(&entry, entries.last().and_then(|e| e.digest.as_deref()).unwrap_or_default()));
            entries.push(entry);
        }
        entries
    }

    #[test]
    fn a_row_that_was_changed_is_named() {
        assert_eq!(first_changed(&chain()), None);
        let mut edited = chain();
        edited[1].schema_after = "include \"x\"".to_owned();
        assert_eq!(first_changed(&edited), Some(2));
        let mut moved = chain();
        moved[0].plan = moved[0].kind.clone();
        moved[0].kind = String::new();
        assert_eq!(first_changed(&moved), Some(1));
    }

    #[test]
    fn a_row_that_was_taken_out_is_noticed_at_the_next() {
        let mut entries = chain();
        entries.remove(1);
        assert_eq!(first_changed(&entries), Some(3));
        let mut without = chain();
        without[1].digest = None;
        assert_eq!(first_changed(&without), Some(3), "a digest that was taken away");
    }

    #[test]
    fn the_end_of_a_running_apply_and_rows_without_digests_are_no_change() {
        let mut entries = chain();
        entries[2].outcome = "running".to_owned();
        entries.iter_mut().take(2).for_each(|e| e.digest = None);
        entries[2].digest = Some(digest(&entries[2], ""));
        assert_eq!(first_changed(&entries), None);
    }
}
