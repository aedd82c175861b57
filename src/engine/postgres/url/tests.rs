//! Tests of SQLAlchemy's and libpq's forms. Nothing here reads the environment, because the URLs specify
//! everything.

use std::time::Duration;

use super::parts::Parts;
use super::{Url, UrlError};

/// Returns the parts of a URL that are present, in one line.
fn parts(url: &str) -> String {
    let parts = match Parts::parse(url) {
        Ok(parts) => parts,
        Err(error) => return format!("error: {error}"),
    };
    let words = [
        ("host", parts.host),
        ("socket", parts.socket),
        ("port", parts.port.map(|p| p.to_string())),
        ("user", parts.user),
        ("password", parts.password),
        ("db", parts.database),
        ("tls", parts.ssl_mode.map(str::to_owned)),
        ("ca", parts.root_cert),
        ("cert", parts.cert),
        ("key", parts.key),
        ("options", parts.options),
        ("name", parts.application_name),
        ("wait", parts.connect_timeout.map(|t| format!("{t:?}"))),
    ];
    words.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect::<Vec<_>>().join(" ")
}

#[test]
fn where_and_who() {
    for (url, wanted) in [
        ("postgresql+asyncpg://user:pw@host:5433/db?ssl=require", "host=host port=5433 user=user password=pw db=db tls=require"),
        ("postgresql://host/db", "host=host db=db"),
        ("postgres://host", "host=host"),
        ("PostgreSQL+psycopg2://user@host/db", "host=host user=user db=db"),
        ("postgresql:///db", "db=db"),
        ("postgresql://", ""),
        ("postgresql://user@/db", "user=user db=db"),
        ("postgresql://u%40x:p%2Fw%3A%25@h/d%20b", "host=h user=u@x password=p/w:% db=d b"),
        ("postgresql://u:p@ss@h/db", "host=h user=u password=p@ss db=db"),
        ("postgresql://u:p:w@h/db", "host=h user=u password=p:w db=db"),
        ("postgresql://u:p+w@h/db", "host=h user=u password=p+w db=db"),
        ("postgresql://u:@h/db", "host=h user=u db=db"),
        ("postgresql://[::1]:5433/db", "host=::1 port=5433 db=db"),
        ("postgresql://u@[fe80::1]/db", "host=fe80::1 user=u db=db"),
        ("postgresql://127.0.0.1:5433", "host=127.0.0.1 port=5433"),
        ("postgresql:///db?host=/var/run/postgresql", "socket=/var/run/postgresql db=db"),
        ("postgresql://%2Fvar%2Frun/db", "socket=/var/run db=db"),
        ("postgresql://u:p@%2Fvar%2Frun:5433/db", "socket=/var/run port=5433 user=u password=p db=db"),
        ("postgresql://h:5432/db?user=a@b&password=p@w", "host=h port=5432 user=a@b password=p@w db=db"),
        ("postgresql:///?host=h&port=5433&user=u&password=p&dbname=d", "host=h port=5433 user=u password=p db=d"),
        ("postgresql:///db?host=h:5433", "host=h port=5433 db=db"),
        ("postgresql:///db?host=::1", "host=::1 db=db"),
        ("postgresql://h/db?hostaddr=10.0.0.1", "host=10.0.0.1 db=db"),
    ] {
        assert_eq!(parts(url), wanted, "{url}");
    }
}

#[test]
fn parameters() {
    for (query, wanted) in [
        ("sslmode=verify-full&sslrootcert=/ca.pem", "tls=verify-full ca=/ca.pem"),
        ("sslmode=require&sslrootcert=/ca.pem", "tls=verify-ca ca=/ca.pem"),
        ("sslrootcert=system", "tls=verify-full"),
        ("sslcert=c&sslkey=k", "cert=c key=k"),
        ("ssl=true", "tls=verify-full"),
        ("ssl=False", "tls=disable"),
        ("ssl=prefer", "tls=prefer"),
        ("options=-c%20search_path%3Dapp,public", "options=-c search_path=app,public"),
        ("options=-c search_path=app,public", "options=-c search_path=app,public"),
        ("options=-c+x=1", "options=-c+x=1"),
        ("application_name=bot&connect_timeout=3", "name=bot wait=Some(3s)"),
        ("connect_timeout=0", "wait=None"),
        ("prepared_statement_cache_size=0&command_timeout=60&target_session_attrs=primary", ""),
        ("gssencmode=prefer&channel_binding=disable", ""),
        ("sslmod=require", "error: unknown parameter `sslmod`; did you mean `sslmode`?"),
        ("foo=1", "error: unknown parameter `foo`"),
        ("search_path=app", "error: parameter `search_path` is not supported; use options=-csearch_path%3DNAME"),
        ("sslmode=on", "error: parameter `sslmode` must be disable, allow, prefer, require, verify-ca or verify-full"),
        ("connect_timeout=soon", "error: parameter `connect_timeout` must be a number of seconds"),
        ("port=0", "error: the port must be a number from 1 to 65535"),
        ("host=a&host=b", "error: multiple hosts are not supported: name only the primary"),
        (
            "channel_binding=require",
            "error: parameter `channel_binding` is not supported; remove it, and use sslmode=verify-full to verify the server",
        ),
        ("user=%zz", "error: invalid percent-encoding in the query; write a literal `%` as %25"),
    ] {
        assert_eq!(parts(&format!("postgresql:///?{query}")), wanted, "{query}");
    }
    // SQLAlchemy reads a plus sign as a space.
    assert_eq!(parts("postgresql+asyncpg:///?options=-c+x=1"), "options=-c x=1");
}

#[test]
fn what_cannot_be_told_apart_is_an_error_that_quotes_nothing() {
    for (url, wanted) in [
        ("postgresql://u:s3/cret@h/db", UrlError::Escape),
        ("postgresql://u:s3?cret@h/db", UrlError::Escape),
        ("postgresql://u:1?cret@h/db", UrlError::Escape),
        ("postgresql://u:s3%cret@h/db", UrlError::Percent("password")),
        ("postgresql://u:s3%ffcret@h/db", UrlError::Percent("password")),
        ("postgresql://u:s3%00cret@h/db", UrlError::Percent("password")),
        ("postgresql://u:p@h:s3cret/db", UrlError::Port),
        ("postgresql://u:p@h1:1,h2:2/db", UrlError::ManyHosts),
        ("mysql://u:s3cret@h/db", UrlError::Form),
        ("postgresql:db", UrlError::Form),
    ] {
        let error = Parts::parse(url).err();
        assert!(!format!("{error:?}{}", parts(url)).contains("cret"), "{url}: {error:?}");
        assert_eq!(error, Some(wanted), "{url}");
    }
}

#[test]
fn a_password_is_never_shown() {
    for (url, wanted) in [
        ("postgresql+asyncpg://me:s3cret@host:5433/db?ssl=require", "host:5433/db as me"),
        ("postgresql://host:5433/db?user=me&password=s3cret", "host:5433/db as me"),
        ("postgresql://me:s3cret@[::1]:5433/db", "[::1]:5433/db as me"),
        ("postgresql://me:s3cret@%2Frun/db?port=5433", "/run/.s.PGSQL.5433/db as me"),
    ] {
        let url = Url::parse(url).expect("it is one");
        assert_eq!(url.shown(), wanted);
        assert_eq!(format!("{url:?}"), format!("Url({wanted})"));
    }
}

#[test]
fn it_waits_for_ten_seconds_where_nothing_else_is_said() {
    let wait = |query: &str| Url::parse(&format!("postgresql://me@host:5433/db{query}")).map(|u| u.connect_timeout());
    assert_eq!(wait(""), Ok(Some(Duration::from_secs(10))));
    assert_eq!(wait("?connect_timeout=2"), Ok(Some(Duration::from_secs(2))));
    assert_eq!(wait("?connect_timeout=0"), Ok(None));
}

/// The driver's own form of its options is not a URL for these.
#[test]
fn pg_dump_gets_what_fits_in_no_url() {
    for (url, host, user) in [
        ("postgresql://me:p%40ss@[::1]:5433/db", "::1", "me"),
        ("postgresql://a%2Fb%3A:p%40ss@host:5433/db", "host", "a/b:"),
        ("postgresql://me:p%40ss@%2Fvar%2Frun:5433/db", "/var/run", "me"),
    ] {
        let mut command = std::process::Command::new("pg_dump");
        Url::parse(url).unwrap().as_environment(&mut command);
        let of = |name: &str| command.get_envs().find(|(n, _)| *n == name).and_then(|(_, v)| v?.to_str().map(str::to_owned));
        let got = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"].map(|name| of(name).unwrap_or_default());
        assert_eq!(got, [host, "5433", user, "p@ss"], "{url}");
    }
}
