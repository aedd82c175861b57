//! What is written is what was read: every field of the model has its syntax and is read back.

use super::{Sources, decode, decode_all, encode, format};
use crate::schema::{Dialect, Schema};

/// Every kind of node with every property, in the layout and order of `encode`.
const ALL: &str = r#"
schema app comment="What the program has"
schema other

extension pg_trgm schema=other version="1.6" comment="Like it"
extension hstore

enum mood sad ok "so so" "" schema=app was=feeling comment="How one is"

enum nothing

enum several a {
    was b c
}

domain email text not-null schema=app default=nobody collate="de-x-icu" was=mail comment="An address" {
    check has_at "VALUE ~ '@'" not-valid=#true comment=So
    check "length(VALUE) < 200"
}

domain age integer default=0 { was years life }

sequence order_ids integer prevent-destroy schema=app start=100 increment=-10 min=-9223372036854775808 max=9223372036854775807 cache=5 cycle=#true owned-by="app.rooms.id" was=ids comment="Numbers"

sequence odd owned-by="\"a b\".\"c.d\""

table "a b" {
    column "c.d" bigint
    column parent bigint
    primary-key "c.d" comment="No flag can say this"
    unique parent deferrable=initially-deferred
    foreign-key parent references="\"a b\"(\"c.d\")" comment="Nor this"
    check "parent > 0" was=above
}

table rooms unlogged prevent-destroy schema=app was=halls comment="Where one is" {
    column id integer identity=always comment=Key { sequence start=100 increment=5 min=1 max=999 cache=7 cycle=#true }
    column serial serial not-null { sequence start=9 }
    column room integer not-null
    column during tsrange default=(sql)"'empty'"
    column total integer generated="room + 1" stored=#true
    column owner integer {
        was user person
        using "owner::integer"
        allow small-key "few of them"
    }
    primary-key id name=rooms_key deferrable=initially-deferred comment="The key" { include room }
    unique room name=once deferrable=initially-immediate nulls-not-distinct=#true comment=Once {
        include during
        was x y
    }
    foreign-key owner references="app.rooms()" on-delete=set-null match=full deferrable=initially-immediate name=to_owner not-valid=#true was=to_user comment="Who" { allow foreign-key-without-index "owners stay" }
    check positive "room > 0" no-inherit=#true not-valid=#true was=above comment="Not below"
    check "room < 9" { was a b }
    exclude no_overlap using=gist where="room > 0" deferrable=initially-deferred was=overlap comment="One at a time" {
        part room with="="
        part (sql)"tsrange(during)" collate=C order=desc nulls=last opclass=range_ops with="&&"
        include owner
    }
    exclude {
        part room with="="
    }
    index idx_room room unique=#true where="room > 1" using=hash nulls-not-distinct=#true was=idx comment=Fast {
        include owner
        with fillfactor="70"
        allow redundant-index "it is smaller"
    }
    with fillfactor="70" toast.autovacuum_enabled="false"
    allow no-primary-key "it has one"
}

view ages schema=app age name was=years comment="All" {
    as "SELECT 1, 2"
    with security_barrier="true" check_option=local
    allow select-star "all of them are wanted"
}

materialized-view stats schema=app total was=sums comment="Sums" {
    as """
        SELECT 1
        FROM app.rooms
        """
    with fillfactor="70"
    allow select-star "these too"
    index idx_stats total unique=#true
}

materialized-view small { as "SELECT 1" }

ignore "x*"
unmanaged function "f(integer)" reason="none"
"#;

fn read(text: &str) -> Schema {
    decode(&Sources::from_text("schema.kdl", text), Dialect::Postgres).unwrap_or_else(|e| panic!("{e:?}"))
}

#[test]
fn what_is_written_is_what_was_read() {
    let one = read(ALL);
    let written = encode(&one);
    let two = read(&written);
    assert_eq!(one.namespaces, two.namespaces);
    assert_eq!(one.extensions, two.extensions);
    assert_eq!(one.enums, two.enums);
    assert_eq!(one.domains, two.domains);
    assert_eq!(one.sequences, two.sequences);
    assert_eq!(one.tables, two.tables);
    assert_eq!(one.views, two.views);
    assert_eq!(one.materialized_views, two.materialized_views);
    assert_eq!(one.ignores, two.ignores);
    assert_eq!(one.unmanaged, two.unmanaged);
    assert_eq!(encode(&two), written);
    assert_eq!(format(&written).unwrap(), written);
}

/// Nothing that the text says is lost: the words are the same, whatever the layout.
#[test]
fn no_word_is_lost() {
    let words = |text: &str| {
        let mut words: Vec<String> = format(text).unwrap().split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    assert_eq!(words(&encode(&read(ALL))), words(ALL));
}

#[test]
fn sqlite_reads_the_mistakes_of_what_it_leaves_out() {
    let sources = Sources::from_text("schema.kdl", "enum mood ok ok\nsequence s start=1.5\nmaterialized-view m { is \"x\" }\nextension x");
    let (schema, problems) = decode_all(&sources, Dialect::Sqlite);
    assert!(schema.is_empty());
    let said: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(said, ["enum `mood` lists the value `ok` twice", "`start=` must be a 64-bit integer", "unknown child node: `is`"],);
}

#[test]
fn only_keeps_every_node_to_its_database() {
    let nodes = [
        "schema a only=sqlite",
        "extension a only=sqlite",
        "enum a only=sqlite",
        "domain a text only=sqlite",
        "sequence a only=sqlite",
        "materialized-view a only=sqlite { as \"SELECT 1\" }",
        "view a only=sqlite { as \"SELECT 1\" }",
    ];
    for node in nodes {
        assert!(read(node).is_empty(), "{node}");
    }
    let table = read(
        "table a { column b serial { sequence start=1 only=sqlite }; exclude only=sqlite { part x with=\"=\" }; with a=1 only=sqlite }",
    );
    let table = &table.tables[0];
    assert!(table.exclusions.is_empty() && table.with.is_empty() && table.columns[0].sequence.start.is_none());
}

#[test]
fn an_exception_is_no_difference_and_has_a_reason() {
    let table = |inner: &str| read(&format!("table a {{ column b text {{ {inner} }}; }}"));
    assert_eq!(table("allow no-primary-key \"x\"").tables, table("").tables);
    let sources = |text: &str| Sources::from_text("schema.kdl", text);
    for (inner, wanted) in [
        ("allow", "`allow` is missing a code"),
        ("allow small-key", "`allow small-key` has no reason"),
        ("allow small-key \" \"", "the reason is empty"),
    ] {
        let (_, problems) = decode_all(&sources(&format!("table a {{ column b text {{ {inner} }}; }}")), Dialect::Sqlite);
        assert_eq!(problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>(), [wanted]);
    }
}
