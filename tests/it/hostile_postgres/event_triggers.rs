//! What an event trigger raises while a plan creates temporary objects is never shown, whatever the SQLSTATE.

use std::process::Command;

use super::{MARK, set_up};
use crate::support::postgres::servers;

#[test]
fn what_an_event_trigger_raises_is_not_shown() {
    for server in servers() {
        let database = server.database();
        set_up(&database);
        let folder = tempfile::tempdir().unwrap();
        let schema = "table users {\n    column id integer primary-key\n    column name text not-null\n    column secret text\n    \
                      column born date\n    column n integer\n    check \"length(name) > 1\"\n    index by_name (sql)\"lower(name)\"\n}\n";
        std::fs::write(folder.path().join("schema.kdl"), schema).unwrap();
        for code in ["42601", "42501", "22P02", "25006", "P0001"] {
            database.sql(&format!(
                "DROP EVENT TRIGGER IF EXISTS spy; \
                 CREATE OR REPLACE FUNCTION w.spy() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE secret text := \
                 (SELECT secret FROM users LIMIT 1); BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = secret, DETAIL = secret, \
                 HINT = secret; END $$; CREATE EVENT TRIGGER spy ON ddl_command_start EXECUTE FUNCTION w.spy()"
            ));
            for arguments in
                [["plan", "--counts", "none"], ["plan", "--counts", "full"], ["apply", "--auto-approve", "--allow-destructive"]]
            {
                let mut rosey = Command::new(env!("CARGO_BIN_EXE_rosey"));
                let out = rosey.current_dir(folder.path()).args(arguments).args(["--url", &database.url()]).output().unwrap();
                let shown = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
                assert!(!shown.contains(MARK), "{} {code} {arguments:?}: {shown}", server.version);
                assert_ne!(arguments[0] == "apply", out.status.success(), "{} {code} {arguments:?}: {shown}", server.version);
                let told = format!("raised an error: {}", if code == "42601" { "syntax error (SQLSTATE 42601)" } else { "" });
                assert!(arguments[0] == "plan" || shown.contains(&told), "{shown}");
            }
        }
    }
}
