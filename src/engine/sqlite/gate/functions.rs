//! The functions that SQL from a schema file may call: SQLite's own functions that read only their arguments
//! (<https://sqlite.org/lang_corefunc.html>, `lang_datefunc`, `lang_aggfunc`, `windowfunctions`, `json1`,
//! `fts5`). A function in neither list is refused, so that a later SQLite cannot add one unnoticed.

/// What a function may return for the same arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// Always the same result.
    TheSame,
    /// A result that depends on the time or the connection.
    Changing,
}

/// Functions that return the same result for the same arguments.
const STABLE: &str = "-> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat concat_ws cos cosh \
count cume_dist date datetime degrees dense_rank exp first_value floor format fts5_get_locale fts5_insttoken fts5_locale glob \
group_concat hex highlight if ifnull iif instr json json_array json_array_length json_each json_error_position json_extract \
json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set \
json_array_insert jsonb_array_insert json_tree json_type json_valid jsonb jsonb_array jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert \
jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set jsonb_tree julianday lag last_value lead length like likelihood \
likely ln log log10 log2 lower ltrim match matchinfo max median min mod nth_value ntile nullif octet_length offsets percent_rank \
percentile percentile_cont percentile_disc pi pow power printf quote radians rank regexp replace round row_number rtrim rtreedepth \
rtreenode sign sin sinh snippet soundex sqrt sqlite_version sqlite_source_id strftime string_agg substr substring subtype sum tan \
tanh time timediff total trim trunc typeof unhex unicode unistr unistr_quote unixepoch unlikely upper zeroblob";

/// Functions without side effects whose result may differ each time.
const CHANGING: &str = "changes current_date current_time current_timestamp last_insert_rowid random randomblob \
sqlite_compileoption_get sqlite_compileoption_used sqlite_log sqlite_offset total_changes";

/// Functions that run code, read or write anything other than their arguments, or reveal memory addresses.
#[cfg(test)]
const REFUSED: &str = "edit fts3_tokenizer fts5 fts5_source_id load_extension optimize readfile rtreecheck writefile";

/// Returns what the function may return, or `None` if it must not be called.
pub(super) fn allowed(name: &str) -> Option<Gives> {
    let name = name.to_ascii_lowercase();
    let is_in = |list: &str| list.split_whitespace().any(|n| n == name);
    if is_in(STABLE) {
        Some(Gives::TheSame)
    } else if is_in(CHANGING) && name != "sqlite_log" {
        Some(Gives::Changing)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sqlite::connection::Connection;

    /// Fails for a built-in function of SQLite that is in none of the lists.
    #[test]
    fn every_function_of_sqlite_has_been_judged() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let names = runtime.block_on(async {
            let mut memory = Connection::in_memory().await.unwrap();
            memory.texts("SELECT DISTINCT name FROM pragma_function_list WHERE builtin OR 1 ORDER BY 1").await.unwrap()
        });
        assert!(names.len() > 100);
        let judged = |name: &str| [STABLE, CHANGING, REFUSED].iter().any(|l| l.split_whitespace().any(|n| n == name));
        let open: Vec<_> = names.iter().filter(|n| !judged(n)).collect();
        assert!(open.is_empty(), "{open:?}");
        for name in ["load_extension", "readfile", "fts3_tokenizer", "sqlite_log", "my_own"] {
            assert_eq!(allowed(name), None, "{name}");
        }
        assert_eq!((allowed("LOWER"), allowed("random")), (Some(Gives::TheSame), Some(Gives::Changing)));
    }
}
