//! What to do about an error of a PostgreSQL server, for display. Decides nothing.

use super::Error;

/// Returns the help for an error.
pub(crate) fn help(error: &Error) -> Option<String> {
    match (hint(error), error) {
        (Some(hint), _) => Some(hint.to_owned()),
        // If something depends on an object, the server's hint is to drop that too.
        (None, Error::Sql { hint: Some(hint), .. }) if !hint.contains("CASCADE") => Some(hint.to_string()),
        (None, Error::Sql { code, .. }) if code == "2BP01" => {
            Some("change or drop the dependent object first; rosey does so itself with what the schema file declares".to_owned())
        }
        (None, _) => None,
    }
}

/// Returns what to do about an error of a PostgreSQL server.
fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::NoServer { .. } => {
            "check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)"
        }
        Error::NoAnswer { .. } => "check the host, the port and any firewalls; wait longer with ?connect_timeout=30",
        Error::UnknownHost { .. } => "check the host name in the URL or in PGHOST",
        Error::NoSocket { .. } => "add the host to the URL, or the socket directory: ?host=/var/run/postgresql",
        Error::NotPostgres { .. } => "check the host and port: another service may be listening there",
        Error::NoTls { .. } => "remove sslmode (or ssl) if the network is trusted, or enable SSL on the server",
        Error::Tls { .. } => {
            "name the CA certificate that signed the server's certificate with ?sslrootcert=FILE; sslmode=require encrypts without \
             verifying the server"
        }
        Error::Certificate { .. } => "check sslrootcert, sslcert and sslkey in the URL",
        Error::NoPassword { .. } => {
            "a password is read from the URL (write / as %2F and @ as %40), from PGPASSWORD, or from the file that PGPASSFILE \
             names or ~/.pgpass, which is ignored if others can read it (chmod 600)"
        }
        Error::ClearPassword { .. } => {
            "enable SSL on the server; if the network is trusted, allow a cleartext password with ?sslmode=disable in the URL of \
             --url or a variable, or with PGSSLMODE=disable (a rosey.kdl or config.json in the repository cannot allow it)"
        }
        Error::ForeignHost { .. } => {
            "also set the host in the environment (PGHOST, or an entry for it in the password file), give the URL with --url or \
             url-from, or use your own project file with --project FILE"
        }
        Error::WrongPassword { .. } => {
            "the password is read from the URL (write / as %2F and @ as %40), else from PGPASSWORD, else from the file that \
             PGPASSFILE names or ~/.pgpass, which is ignored if others can read it (chmod 600)"
        }
        Error::NotAdmitted { message, .. } => admission(message),
        Error::NoDatabase { .. } => "rosey does not create databases on a server: use CREATE DATABASE or createdb",
        Error::TooManyConnections(_) => "try again when other sessions have finished, or increase max_connections on the server",
        Error::NotReady(_) => "try again in a moment",
        Error::Lost(_) => "the server rolls back what was not committed; check its log and try again",
        Error::NotStopped { .. } => {
            "rosey has asked the server to terminate the process (pg_terminate_backend); if it still runs (SELECT pid FROM \
             pg_stat_activity), only a restart of the server ends it. Find the expression that the server cannot interrupt before \
             the next plan; --counts none evaluates no expression on rows"
        }
        Error::TooLong { .. } => {
            "simplify the constants that are expensive to parse, such as regular expressions with nested repetitions in a jsonpath"
        }
        Error::Privilege(message) => privilege(message),
        Error::LockTimeout => "try again when it has finished, or wait longer with --lock-timeout 60s",
        Error::Deadlock => "try again",
        Error::DiskFull(message) => full(message),
        Error::Pooled { .. } => {
            "connect to the PostgreSQL server directly, or through a pool in session mode (pgbouncer: pool_mode = session): an apply \
             needs a session that keeps its server process; plan works through any pool"
        }
        Error::ReadOnly(_) => {
            "connect to the primary; if this is the primary, turn off default_transaction_read_only for this role or database"
        }
        Error::Sql { code, .. } if code == "42501" => {
            "the role must own what it changes, and needs privileges on the schema of what it creates: GRANT USAGE, CREATE ON SCHEMA … TO …"
        }
        Error::History { .. } => {
            "rosey neither reads nor writes it: find out who created it; drop or rename it if it is not rosey's; otherwise remove what \
             is wrong, or let the owner of its schema GRANT CREATE ON SCHEMA … TO its owner"
        }
        Error::Sql { code, .. } if code == "53200" => "increase max_locks_per_transaction or the memory of the server",
        _ => return None,
    })
}

/// Returns the hint for a full disk: the server names the file that it could not write.
fn full(message: &str) -> &'static str {
    if message.contains("pgsql_tmp") {
        "free disk space for the server's temporary files: in the tablespaces of temp_tablespaces, otherwise in that of the database"
    } else if message.contains("pg_wal") {
        "free disk space for the server's write-ahead log (pg_wal), and check what retains it: replication slots, archiving"
    } else {
        "free disk space for the server's data directory, or for the tablespace that contains the file, and try again"
    }
}

/// Returns the hint for a rejected connection: the server uses one code for a missing entry in pg_hba.conf
/// and for a missing role.
fn admission(message: &str) -> &'static str {
    if message.contains("no encryption") {
        "if the server requires SSL, add ?sslmode=require; otherwise add this user and client address to its pg_hba.conf"
    } else if message.contains("pg_hba.conf") {
        "add this user, database and client address to the server's pg_hba.conf"
    } else if message.contains("Peer") {
        "peer authentication needs an operating-system user of the same name; connect through localhost to use a password"
    } else {
        "check the user name in the URL or in PGUSER: the role must exist, and may need LOGIN"
    }
}

/// Returns the hint for a missing privilege: the message names the object; only in English does it name the
/// privilege.
fn privilege(message: &str) -> &'static str {
    if message.contains("must be owner") {
        "only the owner can change it: connect as the owner or as a member of that role, or use ALTER … OWNER TO"
    } else if message.contains("for schema") {
        "the role needs privileges on the schema: GRANT USAGE, CREATE ON SCHEMA … TO …"
    } else if message.contains("for database") {
        "the role needs privileges on the database: GRANT CREATE, TEMPORARY ON DATABASE … TO …"
    } else if message.contains("extension") {
        "only a superuser can create an extension that is not trusted: have one run CREATE EXTENSION"
    } else {
        "connect as the owner of the schema's objects, or have the owner GRANT the missing privilege"
    }
}
