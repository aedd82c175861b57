//! Tests of the layout by examples, and that no text, however unusual or random, loses anything.

use super::*;

mod random;

/// Formats a text and checks the properties that hold for any text.
fn checked(source: &str) -> String {
    let document = KdlDocument::parse_v2(source).unwrap_or_else(|_| panic!("no KDL: {source}"));
    let printed = lay_out(source);
    assert!(means_the_same(&document, source, &printed), "changed:\n{source}\n----\n{printed}");
    assert_eq!(lay_out(&printed), printed, "not idempotent:\n{source}");
    assert!(printed.is_empty() || printed.ends_with('\n'), "no end of line:\n{printed}");
    let runs = printed.contains("\n\n\n") && !printed.contains("\"\"\"");
    assert!(!runs && !printed.starts_with('\n') && !printed.ends_with("\n\n"), "empty lines:\n{printed}");
    assert!(!printed.contains('\r'));
    assert!(format(source).is_ok_and(|text| text.replace("\r\n", "\n") == printed));
    printed
}

#[test]
fn a_file_of_windows_keeps_its_line_ends() {
    let unix = "table t {\n    a \"\"\"\n        x\n        \"\"\" // c\n}\n";
    let windows = unix.replace('\n', "\r\n");
    let laid_out = format(&windows).unwrap();
    assert_eq!((laid_out.replace("\r\n", "\n"), format(&laid_out).unwrap()), (format(unix).unwrap(), laid_out.clone()));
    assert!(!laid_out.replace("\r\n", "").contains('\n'));
    assert!(!format(&format!("a\n{windows}")).unwrap().contains('\r'), "of two kinds of ends it is the plain one");
}

#[track_caller]
fn becomes(source: &str, wanted: &str) {
    assert_eq!(checked(source), wanted);
}

#[track_caller]
fn stays(source: &str) {
    becomes(source, source);
}

/// Returns how a value is written at the blank in `a {} b`.
fn value_as(source: &str) -> String {
    let printed = checked(&format!("a {source}"));
    printed.trim_start_matches("a ").trim_end().to_owned()
}

#[test]
fn nothing_and_little() {
    becomes("", "");
    becomes("\n\n  \n", "");
    becomes("\u{feff}", "");
    becomes("a", "a\n");
    becomes("  // only\n\n\n\t/* comments */", "// only\n\n/* comments */\n");
    assert!(format("a {").is_err());
    assert!(format("column a varchar(50)").is_err());
}

#[test]
fn one_node_a_line() {
    becomes("a; b;c\n", "a\nb\nc\n");
    becomes("t { a; b }", "t {\n    a\n    b\n}\n");
    becomes("t {\n\n\n  a\n\n\n\n  b\n\n}", "t {\n    a\n\n    b\n}\n");
    becomes("t{a{b;c}}", "t {\n    a {\n        b\n        c\n    }\n}\n");
    becomes("column   x  \"integer\"   not-null", "column x integer not-null\n");
    becomes("a b = 1  c= (sql) \"x\"", "a b=1 c=(sql)\"x\"\n");
    becomes("( t ) a ( u )b c = ( v ) d", "(t)a (u)\"b\" c=(v)\"d\"\n");
}

#[test]
fn a_schema() {
    stays(
        r#"// The channels that the bot knows.
table channels {
    column id serial primary-key
    column name "varchar(100)" unique  // as the server spells it
    column seen integer not-null default=0 { backfill "0" }

    check name_length "length(name) > 0"
    index idx_lower {
        part (sql)"lower(name)" order=desc
    }
}

trigger touch only=sqlite {
    as """
        AFTER INSERT ON channels BEGIN
          SELECT 1;
        END
        """
}

view names { as "SELECT name FROM channels" }
ignore "legacy_*"
"#,
    );
}

#[test]
fn blocks_on_one_line() {
    stays("column x integer { backfill \"0\" }\n");
    stays("view v { as \"SELECT 1\" }\n");
    becomes("view v {as \"SELECT 1\" ; }", "view v { as \"SELECT 1\" }\n");
    stays("a { b { c 1 } }\n");
    stays("view v {\n    as \"SELECT 1\"\n}\n");
    becomes("a { b /* c */ }", "a {\n    b /* c */\n}\n");
    becomes("a { b { c; d } }", "a {\n    b {\n        c\n        d\n    }\n}\n");
    becomes("a { b \"\"\"\n  c\n  \"\"\"\n}", "a {\n    b \"\"\"\n        c\n        \"\"\"\n}\n");
    let fits = "x".repeat(WIDTH_LEFT);
    stays(&format!("aaaa {{ {fits} }}\n"));
    becomes(&format!("aaaa {{ {fits}x }}\n"), &format!("aaaa {{\n    {fits}x\n}}\n"));
    let halves = ("x".repeat(100), "y".repeat(11));
    stays(&format!("a {{\n    {} {{ {} }}\n}}\n", halves.0, halves.1));
}

/// The width of a line (120 characters) minus `aaaa {  }`.
const WIDTH_LEFT: usize = 111;

#[test]
fn empty_blocks() {
    becomes("table t {}", "table t\n");
    becomes("table t { }\n// c", "table t\n// c\n");
    becomes("table t {\n\n}  // c", "table t  // c\n");
    becomes("table t {\n  // c\n}", "table t {\n    // c\n}\n");
    becomes("table t { // c\n}", "table t {  // c\n}\n");
    becomes("table t { /* c */ }", "table t {\n    /* c */\n}\n");
    becomes("table t { a {} }", "table t { a }\n");
}

#[test]
fn empty_lines_between_tables() {
    becomes("a {\n b\n}\nc {\n d\n}", "a {\n    b\n}\n\nc {\n    d\n}\n");
    becomes("a\nb {\n c\n}\nd\ne", "a\n\nb {\n    c\n}\n\nd\ne\n");
    becomes("a\n// one\n/* two */\nb {\n c\n}\n// end", "a\n\n// one\n/* two */\nb {\n    c\n}\n\n// end\n");
    stays("a\n// about a\n\n// about b\nb {\n    c\n    d\n}\n");
    stays("a { b }\nc { d }\n");
    stays("t {\n    a {\n        b\n        c\n    }\n    d\n}\n");
}

#[test]
fn strings() {
    for (source, wanted) in [
        ("\"integer\"", "integer"),
        ("\"varchar(50)\"", "\"varchar(50)\""),
        ("#\"x\"#", "x"),
        ("#\"x y\"#", "\"x y\""),
        ("#\"say \"hi\"\"#", "#\"say \"hi\"\"#"),
        ("#\"\"hi\"\"#", "#\"\"hi\"\"#"),
        ("##\"a\\b\"##", "##\"a\\b\"##"),
        ("\"a\\nb\\tc\\\\d\\\"e\\s\"", "\"a\\nb\\tc\\\\d\\\"e \""),
        ("\"a\\\n   b\"", "ab"),
        ("\"\\u{7}\\u{feff}\\u{a0}\\r\"", "\"\\u{7}\\u{feff}\\u{a0}\\r\""),
        ("\"\\u{fc}\\u{1F600}\"", "\"ü😀\""),
        ("\"true\"", "\"true\""),
        ("\"-inf\"", "\"-inf\""),
        ("\"12\"", "\"12\""),
        ("legacy_*", "\"legacy_*\""),
        ("(sql)CURRENT_TIMESTAMP", "(sql)\"CURRENT_TIMESTAMP\""),
        ("(sql)#\"a \"b\"\"#", "(sql)#\"a \"b\"\"#"),
        ("x='a'", "x='a'"),
        ("b, c", "b, c"),
        ("\"b,\"", "\"b,\""),
        ("\"my key\"=\"v\"", "\"my key\"=v"),
    ] {
        assert_eq!(value_as(source), wanted, "{source}");
    }
    becomes("\"a b\" 1\n\"c\" 2", "\"a b\" 1\nc 2\n");
}

#[test]
fn other_values_stay_as_written() {
    for source in ["1_000", "0xFF", "-1.50e+3", "+7", "12345678901234567890123", "#true", "#null", "#-inf", "#nan"] {
        assert_eq!(value_as(source), source);
    }
}

#[test]
fn strings_of_several_lines() {
    becomes("t {\n as \"\"\"\n  a\n\n    b\n  \"\"\"\n}", "t {\n    as \"\"\"\n        a\n\n          b\n        \"\"\"\n}\n");
    becomes("a \"\"\"\n\"\"\" b", "a \"\"\"\n    \"\"\" b\n");
    becomes("a \"\"\"\n\n\"\"\"", "a \"\"\"\n    \"\"\"\n");
    becomes("a \"\"\"\n\n\n\"\"\"", "a \"\"\"\n\n\n    \"\"\"\n");
}

#[test]
fn odd_lines_in_strings() {
    becomes("a \"\"\"\n x \n \\s\n \ty\\t\n \"\"\"", "a \"\"\"\n    x\\s\n    \\s\n    \ty\\t\n    \"\"\"\n");
    becomes("a \"\"\"\n \\\"\"\" \"\" \\\\\n \"\"\"", "a \"\"\"\n    \"\"\\\" \"\" \\\\\n    \"\"\"\n");
    becomes("a \"\"\"\r\n  x\r\n  y\r\n  \"\"\"\r\n", "a \"\"\"\n    x\n    y\n    \"\"\"\n");
    becomes("a \"\"\"\n  x \\\n     y\n  \"\"\"", "a \"\"\"\n    x y\n    \"\"\"\n");
    becomes("a #\"\"\"\n x\\d \"q\"\n\n \"\"\"#", "a #\"\"\"\n    x\\d \"q\"\n\n    \"\"\"#\n");
    becomes("a #\"\"\"\n x\n \"\"\"#", "a \"\"\"\n    x\n    \"\"\"\n");
    becomes("\"\"\"\n x y\n \"\"\" b", "\"x y\" b\n");
}

#[test]
fn comments_stay_in_place() {
    becomes("a 1 // c", "a 1  // c\n");
    becomes("a 1; // c", "a 1  // c\n");
    becomes("a/*1*/b/*2*/", "a /*1*/ b /*2*/\n");
    becomes("/*1*/ a; /*2*/ b /*3*/ // 4", "/*1*/ a\n/*2*/ b /*3*/  // 4\n");
    becomes("t { // 1\n a // 2\n // 3\n} // 4", "t {  // 1\n    a  // 2\n    // 3\n}  // 4\n");
    becomes("t {\n a\n} /* 1 */ // 2\nb", "t {\n    a\n} /* 1 */  // 2\n\nb\n");
    becomes("(/*1*/t/*2*/)/*3*/a k/*4*/=/*5*/(u)/*6*/v", "(/*1*/ t /*2*/) /*3*/ a k /*4*/= /*5*/ (u) /*6*/ \"v\"\n");
    becomes("a { b; /* c */ }", "a {\n    b /* c */\n}\n");
    becomes("a // x\r\n// y  \r\nb", "a  // x\n// y\nb\n");
}

#[test]
fn comments_of_several_lines_move_as_one() {
    becomes("t {\n  /* a\n   * b\n\n   */\n  c\n  d\n}", "t {\n    /* a\n     * b\n\n     */\n    c\n    d\n}\n");
    becomes("t {\n        /* a\n  b */\n  c\n}", "t {\n    /* a\n    b */\n    c\n}\n");
    becomes("t {/* a\n   b */ c\n}", "t {\n    /* a\n    b */ c\n}\n");
    becomes("a /* x\n y */ b", "a /* x\n y */ b\n");
}

#[test]
fn continued_lines() {
    becomes("a \\\n  b \\\n  c", "a b c\n");
    becomes("a \\ // 1\n b", "a \\  // 1\n    b\n");
    becomes("a \\ // 1\n b=\\ // 2\n 3 { c }", "a \\  // 1\n    b= \\  // 2\n    3 { c }\n");
    becomes("a b \\ // 1\n\nc", "a b  // 1\n\nc\n");
    becomes("a b \\ // 1\n// 2\nc", "a b  // 1\n// 2\nc\n");
    becomes("a \\ /* 1 */\n b", "a /* 1 */ b\n");
    becomes("a \\ // 1\n {\n b\n c\n}", "a \\  // 1\n    {\n    b\n    c\n}\n");
}

#[test]
fn slashdash() {
    stays("/- kdl-version 2\na\n");
    becomes("\u{feff}/-kdl-version 2\na", "/- kdl-version 2\na\n");
    becomes("/-table t{a;b}", "/- table t {\n    a\n    b\n}\n");
    becomes("a /- b /-c=1 d", "a /-b /-c=1 d\n");
    becomes("a /-{b} /-{c;d} {e}", "a /-{ b } /-{\n    c\n    d\n} { e }\n");
    becomes("a { b } /-{ c }", "a { b } /-{ c }\n");
    becomes("a /-{}", "a /-{}\n");
    becomes("a /- /*1*/ // 2\n b", "a /*1*/ \\  // 2\n    /-b\n");
    becomes("/- /*1*/ // 2\n/*3*/ b", "/*1*/  // 2\n/*3*/ /- b\n");
    becomes("/-a {} b", "/- a\nb\n");
    becomes("t { /-a }", "t { /- a }\n");
    becomes("a /-\"\"\"\n x\n \"\"\"", "a /-\"\"\"\n    x\n    \"\"\"\n");
}

#[test]
fn string_helpers() {
    for bare in ["a", "_x", "not-null", "a.b", "größe", "TRUE", "e5", "a$1"] {
        assert_eq!(string_repr(bare), bare);
    }
    for not_bare in ["", "true", "null", "inf", "-inf", "nan", "1a", "-1", "+", ".5", "-", "a b", "a/b", "a#", "[x]", "a="] {
        assert_eq!(string_repr(not_bare), format!("\"{not_bare}\""));
    }
    for c in (0..0x3100).chain(0xfe00..0x10000).filter_map(char::from_u32) {
        for string in [format!("a{c}b"), format!("a{c}"), c.to_string()] {
            for repr in [string_repr(&string), quoted(&string)] {
                assert!(!repr.contains('\n'));
                let read = KdlIdentifier::parse(&repr).map(|name| name.value().to_owned());
                assert_eq!(read.ok().as_deref(), Some(string.as_str()), "{repr}");
            }
            let lines = format!("{string}\n{c}\n\n {c}\"\"\"{c}");
            let read = KdlIdentifier::parse(&text::multi(&lines, "    ")).map(|name| name.value().to_owned());
            assert_eq!(read.ok().as_deref(), Some(lines.as_str()), "U+{:X}", u32::from(c));
        }
    }
}

/// The tree reader is not meant for invalid texts, but must not panic on them.
#[test]
fn broken_texts_do_not_panic() {
    for source in ["}", "}}a", "a {", "(", "=", "\"", "\"\"\"\n", "#\"", "##", "/*", "/* /* */", "a /-", "\\", "/", "[", "\"\\", "\u{0}é"]
    {
        lay_out(source);
        for (end, _) in SAMPLE.char_indices() {
            lay_out(&SAMPLE[..end]);
            lay_out(&format!("{source}{}", &SAMPLE[end..]));
        }
    }
}

const SAMPLE: &str = "(ü)a /*é*/ b=#\"\"\"\n x\n \"\"\"# \"\\n\" \\ // c\n /-{ d; } { /- e 0x1 }\n";

/// The safety net under the printer must detect differences, or the tests above prove nothing.
#[test]
fn differences_are_seen() {
    let source = "a \"1\" b=2 /-c { d } // e\n/- f\n";
    for other in [
        "a 1 b=2 /-c { d } // e\n/- f\n",
        "a \"1\" b=2.0 /-c { d } // e\n/- f\n",
        "a \"1\" b=2 { d } // e\n/- f\n",
        "a \"1\" b=2 /-c { d }\n/- f\n",
        "a \"1\" b=2 /-c { d } // e\n",
        "a \"1\" b=2 /-c { d } // e\n/- g\n",
        "a \"1\" b=2 /-c; d // e\n/- f\n",
        "a b=2 \"1\" /-c { d } // e\n/- f\n",
    ] {
        let document = KdlDocument::parse_v2(source).unwrap_or_default();
        assert!(means_the_same(&document, source, &lay_out(source)));
        assert!(!means_the_same(&document, source, other), "{other}");
    }
}

#[test]
fn what_inspect_writes_stays() {
    let schema = "
        table empty
        table t comment=\"x y\" { column a integer default=1; column b integer generated=a stored=#true; check c a; index i a where=\"a > 1\"; }
        table u { column id integer primary-key; exclude e { part id with=\"=\"; }; allow no-primary-key because; }
        view v { as \"SELECT 1\"; }
        unmanaged type pair
        unmanaged \"row security\" t
        ignore \"legacy_*\"
        domain d \"varchar(5)\" { check \"VALUE <> ''\"; }
        ";
    let sources = crate::kdl::Sources::from_text("s.kdl", schema);
    let encoded = crate::kdl::encode(&crate::kdl::decode(&sources, crate::schema::Dialect::Postgres).unwrap());
    assert!(encoded.contains("table empty\n") && encoded.contains("check c a\n"), "{encoded}");
    stays(&encoded);
}
