//! Builds the schema from the rows of the queries: top-level objects. Tables are in `tables`.

use std::collections::{BTreeMap, BTreeSet};

use super::kept::{KeptOfColumnRow, KeptOfTypeRow, KeptRow};
use super::part::{default, expr, parameters, unquoted};
use super::queries::{ColumnRow, RelationRow, SequenceRow, ServerRow, SpaceRow, TypeRow, UseRow};
use super::unmanaged::UnmanagedRow;
use super::{BesideDefinition, KeptOfColumn, Live, Reads, Relation, Server, ident};
use crate::engine::bookkeeping;
use crate::engine::postgres::canon::with_empty_lines;
use crate::engine::postgres::kinds::{self, FoundRow};
use crate::engine::postgres::{default_name, read_type};
use crate::schema::{
    AnyKind, Check, Column, DefinedKind, Definition, Dialect, Domain, EnumType, Expr, Extension, Ident, IdentifiedBy, Identity, Kind,
    MaterializedView, Namespace, ObjectName, Of, Schema, Sequence, SequenceOptions, Table, Type, Unmanaged, UnmanagedKind, View,
};

/// Returns whether no plan ever changes a relation of this name.
pub(in super::super) fn is_reserved(name: &ObjectName) -> bool {
    let relation = name.name.as_str();
    let schema = name.schema.as_ref().is_some_and(|s| bookkeeping::is_schema(s.as_str()));
    schema || relation.starts_with("_rosey") || bookkeeping::is_table(relation)
}

/// A sequence that may turn out to belong to a column's definition.
pub(super) struct FoundSequence {
    pub(super) name: ObjectName,
    pub(super) ty: Type,
    pub(super) options: SequenceOptions,
    pub(super) owner: Option<(i64, i64)>,
    pub(super) of_identity: bool,
    pub(super) comment: Option<String>,
}

/// The schema while it is built.
pub(super) struct Builder {
    pub(super) live: Live,
    pub(super) tables: BTreeMap<i64, Table>,
    pub(super) materialized: BTreeMap<i64, MaterializedView>,
    pub(super) domains: BTreeMap<i64, Domain>,
    /// Constraints with an index, by the index's OID.
    pub(super) keys: BTreeMap<i64, super::queries::ConstraintRow>,
    /// Indexes of constraints that are not managed.
    pub(super) hidden_indexes: BTreeSet<i64>,
    /// Relations that are not managed: reserved, partitioned, inherited, foreign.
    hidden: BTreeSet<i64>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let server = Server { version: 0, default_schema: "public".to_owned(), read_only: false, may_temp: false };
        let live = Live {
            server,
            schema: Schema::default(),
            relations: BTreeMap::new(),
            reads: Vec::new(),
            standing_on: BTreeMap::new(),
            kept: BTreeMap::new(),
            kept_types: BTreeMap::new(),
            definitions: BTreeMap::new(),
            kept_columns: BTreeMap::new(),
            sequences: BTreeMap::new(),
            filled: BTreeSet::new(),
            history: false,
        };
        Builder {
            live,
            tables: BTreeMap::new(),
            materialized: BTreeMap::new(),
            domains: BTreeMap::new(),
            keys: BTreeMap::new(),
            hidden_indexes: BTreeSet::new(),
            hidden: BTreeSet::new(),
        }
    }

    pub(super) fn server(&mut self, row: ServerRow) {
        let ServerRow { version, default_schema, read_only, may_temp } = row;
        self.live.server = Server { version, default_schema, read_only, may_temp };
    }

    pub(super) fn default_schema(&self) -> &str {
        &self.live.server.default_schema
    }

    /// Returns a name without its schema if that is the default one.
    pub(super) fn name(&self, schema: &str, name: &str) -> ObjectName {
        let own = schema != self.default_schema();
        ObjectName::new(own.then(|| ident(schema)), ident(name))
    }

    pub(super) fn ty(&self, text: &str) -> Type {
        read_type::read(text, self.default_schema())
    }

    fn report_unmanaged(&mut self, kind: impl Into<AnyKind>, name: &ObjectName, reason: Option<&str>, digest: Option<String>) {
        let reason = reason.map(str::to_owned);
        self.live.schema.unmanaged.push(Unmanaged { reason, digest, ..Unmanaged::new(kind, name.to_string()) });
    }

    pub(super) fn relation(&mut self, row: RelationRow) {
        let RelationRow { oid, kind, bytes, populated, .. } = row;
        let name = self.name(&row.schema, &row.name);
        self.live.history |= name.name.as_str() == "_rosey_history";
        if kind == "c" {
            return; // a composite type: reported as unmanaged
        }
        let relation = Relation { name: name.clone(), kind: kind.clone(), bytes, populated, columns: BTreeMap::new() };
        if is_reserved(&name) {
            self.live.filled.extend(name.schema);
            self.hidden.insert(oid);
            return;
        }
        self.live.relations.insert(oid, relation);
        let with = parameters(&row.options.unwrap_or_default());
        let query = || Expr::new(without_end(row.query.as_deref().unwrap_or_default()));
        match kind.as_str() {
            "v" => {
                let mut view = View { with, ..View::new(name.clone(), query()) };
                view.comment = row.comment;
                self.live.schema.views.insert(name, view);
            }
            "m" => {
                let mut view = MaterializedView { with, ..MaterializedView::new(name, query()) };
                view.comment = row.comment;
                self.materialized.insert(oid, view);
            }
            "r" if !row.family && !row.typed => {
                let mut table = Table { unlogged: row.persistence == "u", with, ..Table::new(name) };
                table.comment = row.comment;
                self.tables.insert(oid, table);
            }
            _ => {
                self.hidden.insert(oid);
                let reason = match kind.as_str() {
                    "f" => return self.report_unmanaged(UnmanagedKind::ForeignTable, &name, None, row.digest),
                    "p" => "it is partitioned",
                    _ if row.partition => "it is a partition",
                    _ if row.typed => "it is a typed table",
                    _ => "it takes part in inheritance",
                };
                self.report_unmanaged(Kind::Table, &name, Some(reason), row.digest);
            }
        }
    }

    pub(super) fn named_type(&mut self, row: TypeRow) {
        let TypeRow { oid, schema, name, kind, values, base, not_null, default_sql, collate, comment } = row;
        let name = self.name(&schema, &name);
        if kind == "e" {
            let mut ty = EnumType::new(name.clone(), values.unwrap_or_default());
            ty.comment = comment;
            self.live.schema.enums.insert(name, ty);
            return;
        }
        let ty = self.ty(&base.unwrap_or_default());
        let default = default_sql.map(|e| default(&e, &ty, self.default_schema()));
        let mut domain = Domain { not_null, default, collate: collate.map(|c| unquoted(&c)), ..Domain::new(name, ty) };
        domain.comment = comment;
        self.domains.insert(oid, domain);
    }

    pub(super) fn column(&mut self, row: ColumnRow) {
        let ColumnRow { relation: oid, number, name, ty, not_null, identity, generated, sql, collate, comment } = row;
        if let Some(relation) = self.live.relations.get_mut(&oid) {
            relation.columns.insert(number, ident(&name));
        }
        let ty = self.ty(&ty);
        let read = sql.as_ref().map(|e| default(e, &ty, self.default_schema()));
        let Some(table) = self.tables.get_mut(&oid) else { return };
        let mut column = Column { not_null, comment, collate: collate.map(|c| unquoted(&c)), ..Column::new(ident(&name), ty) };
        match (generated.as_str(), sql) {
            ("", _) => column.default = read,
            (kind, Some(e)) => column.generated = Some(crate::schema::Generated { expr: expr(&e), stored: kind == "s" }),
            (_, None) => {}
        }
        column.identity = match identity.as_str() {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        };
        table.columns.insert(column.name.clone(), column);
    }

    pub(super) fn sequence(&mut self, row: SequenceRow) {
        let SequenceRow { start, increment, min, max, cache, .. } = row;
        let ty = self.ty(&row.ty);
        let options = options(&ty, [start, increment, min, max, cache], row.cycle);
        let found = FoundSequence {
            name: self.name(&row.schema, &row.name),
            ty,
            options,
            owner: row.owner.zip(row.owner_column),
            of_identity: row.dependency.as_deref() == Some("i"),
            comment: row.comment,
        };
        self.place(found);
    }

    /// Assigns a sequence to its identity column or serial column, or keeps it as an object of its own.
    fn place(&mut self, found: FoundSequence) {
        let hidden = found.owner.is_some_and(|(table, _)| self.hidden.contains(&table));
        if hidden || is_reserved(&found.name) {
            return;
        }
        let owner = found.owner.and_then(|(oid, number)| {
            let column = self.live.relations.get(&oid)?.columns.get(&number)?.clone();
            Some((oid, self.tables.get(&oid)?.name.clone(), column))
        });
        if let Some((oid, table, name)) = &owner
            && let Some(column) = self.tables.get_mut(oid).and_then(|t| t.columns.get_mut(name))
        {
            let usual = default_name::sequence(table, name);
            let usual = found.name.name.as_str() == usual && found.name.schema == table.schema;
            let serial =
                if found.of_identity || !usual || found.comment.is_some() { None } else { serial_type(column, &found.name, &found.ty) };
            if found.of_identity || serial.is_some() {
                column.sequence = found.options;
                if let Some(serial) = serial {
                    column.ty = serial;
                    column.default = None;
                }
                if !usual {
                    self.live.sequences.insert((table.clone(), name.clone()), found.name);
                }
                return;
            }
        }
        let owned_by = owner.map(|(_, table, column)| (table, column));
        let FoundSequence { name, ty, options, comment, .. } = found;
        let mut sequence = Sequence { options, owned_by, ..Sequence::new(name.clone(), ty) };
        sequence.comment = comment;
        self.live.schema.sequences.insert(name, sequence);
    }

    pub(super) fn space(&mut self, row: SpaceRow) {
        let SpaceRow { what, name, schema, version, comment, own } = row;
        let name = ident(&name);
        if what == "schema" {
            let standard = name.as_str() == "public" && comment.as_deref() == Some("standard public schema");
            let comment = comment.filter(|_| !standard);
            if name.as_str() != self.default_schema() || comment.is_some() {
                let mut namespace = Namespace::new(name);
                namespace.comment = comment;
                self.live.schema.namespaces.insert(namespace.name.clone(), namespace);
            }
        } else {
            let schema = schema.filter(|s| s != self.default_schema()).map(|s| ident(&s));
            let comment = comment.filter(|c| Some(c) != own.as_ref());
            let mut extension = Extension { schema, version, ..Extension::new(name) };
            extension.comment = comment;
            self.live.schema.extensions.insert(extension.name.clone(), extension);
        }
    }

    pub(super) fn read_by_view(&mut self, row: UseRow) {
        let reads = Reads { view: row.view, relation: row.relation, column: Some(row.number).filter(|n| *n > 0) };
        self.live.reads.push(reads);
    }

    pub(super) fn unmanaged(&mut self, row: UnmanagedRow) {
        let UnmanagedRow { kind, name, relation, digest } = row;
        let kind = AnyKind::of_word(&kind);
        if let Some(on) = relation {
            self.live.standing_on.entry(on).or_default().push((kind.clone(), name.clone()));
        }
        self.live.schema.unmanaged.push(Unmanaged { digest, ..Unmanaged::new(kind, name) });
    }

    /// Adds an object of a kind that SQL defines as a whole. One on a table that is not managed is reported with it,
    /// and one on a table of another tool is left out.
    pub(super) fn definition(&mut self, row: FoundRow) {
        let FoundRow { kind, schema, name, arguments, relation, body, comment, kept, reason, digest } = row;
        let Some(kind) = DefinedKind::of_word(&kind) else { return };
        let on = relation.map(|oid| self.live.relations.get(&oid).map(|r| r.name.clone()));
        let (Some(body), Some(table)) = (body, on.map_or(Some(None), |on| on.map(Some))) else { return };
        let mut name = self.name(&schema, &name);
        name.of = match (kind.identified_by(Dialect::Postgres), &table) {
            (IdentifiedBy::Arguments, _) => Of::Arguments(arguments.unwrap_or_default().into()),
            (IdentifiedBy::Relation, Some(table)) => Of::on(table.name.clone()),
            _ => Of::Nothing,
        };
        let body = Expr::new(with_empty_lines(body.trim()));
        let mut definition = Definition { table, ..Definition::new(kind, name.clone(), body) };
        definition.comment = comment;
        let unmanaged = kinds::unmanaged(&definition, Some(digest.clone()));
        let of_hidden = relation.filter(|oid| self.hidden.contains(oid));
        if reason.is_some() || of_hidden.is_some() {
            if let Some(on) = relation {
                self.live.standing_on.entry(on).or_default().push((kind.into(), unmanaged.name.clone()));
            }
            return self.live.schema.unmanaged.push(Unmanaged { reason, ..unmanaged });
        }
        let beside = BesideDefinition { unmanaged: unmanaged.name, digest: Some(digest), relation, kept };
        self.live.definitions.insert((kind, name.clone()), beside);
        self.live.schema.definitions.of_mut(kind).insert(name, definition);
    }

    pub(super) fn kept(&mut self, row: KeptRow) {
        self.live.kept.entry(row.view).or_default().push(row.sql);
    }

    pub(super) fn kept_of_type(&mut self, row: KeptOfTypeRow) {
        self.live.kept_types.entry(self.name(&row.schema, &row.name)).or_default().push(row.sql);
    }

    pub(super) fn kept_of_column(&mut self, row: KeptOfColumnRow) {
        let KeptOfColumnRow { schema, table, column, granted, what, tail: to } = row;
        let kept = if granted { KeptOfColumn::Privilege { privilege: what, to } } else { KeptOfColumn::Clause(what) };
        self.live.kept_columns.entry((self.name(&schema, &table), ident(&column))).or_default().push(kept);
    }

    pub(super) fn finish(mut self) -> Live {
        let schema = &mut self.live.schema;
        schema.tables = self.tables.into_values().map(|t| (t.name.clone(), t)).collect();
        schema.tables.sort_keys();
        schema.materialized_views = self.materialized.into_values().map(|v| (v.name.clone(), v)).collect();
        schema.materialized_views.sort_keys();
        schema.domains = self.domains.into_values().map(|d| (d.name.clone(), d)).collect();
        schema.domains.sort_keys();
        if schema.is_empty() {
            // The default schema always exists: a file that declares it can be applied.
            let home = ident(&self.live.server.default_schema);
            schema.namespaces.insert(ObjectName::bare(home.clone()), Namespace::new(home));
        }
        self.live
    }

    /// Adds a check constraint to a domain.
    pub(super) fn domain_check(&mut self, domain: i64, check: Check) {
        if let Some(domain) = self.domains.get_mut(&domain) {
            let default = default_name::domain_check(domain);
            let name = check.name.clone().filter(|n| n.as_str() != default);
            domain.checks.push(Check { name, ..check });
        }
    }
}

/// Returns `serial` or `bigserial` if the column is what those create: the type, NOT NULL, and a default from
/// the sequence that it owns.
pub(in super::super) fn serial_type(column: &Column, sequence: &ObjectName, ty: &Type) -> Option<Type> {
    let serial = match (&column.ty, ty) {
        (Type::Integer, Type::Integer) => Type::Serial,
        (Type::BigInt, Type::BigInt) => Type::BigSerial,
        _ => return None,
    };
    let crate::schema::Literal::Expr(e) = &column.default.as_ref()?.value else { return None };
    let inner = e.text.strip_prefix("nextval('")?.strip_suffix("'::regclass)")?;
    let spelled = super::super::read_type::plain_or_quoted(sequence.name.as_str());
    let ends = inner == spelled || inner.strip_suffix(&spelled).is_some_and(|head| head.ends_with('.'));
    (column.not_null && ends).then_some(serial)
}

/// Returns the options that differ from PostgreSQL's defaults.
fn options(ty: &Type, [start, increment, min, max, cache]: [i64; 5], cycle: bool) -> SequenceOptions {
    let (usual_min, usual_max) = limits(ty, increment);
    let usual_start = if increment < 0 { max } else { min };
    let unless = |value: i64, usual: i64| (value != usual).then_some(value);
    SequenceOptions {
        start: unless(start, usual_start),
        increment: unless(increment, 1),
        min: unless(min, usual_min),
        max: unless(max, usual_max),
        cache: unless(cache, 1),
        cycle,
    }
}

/// Returns the options of a sequence that differ from the defaults.
pub(in super::super) fn explicit_options(ty: &Type, given: &SequenceOptions) -> SequenceOptions {
    let increment = given.increment.unwrap_or(1);
    let (min, max) = limits(ty, increment);
    let (min, max) = (given.min.unwrap_or(min), given.max.unwrap_or(max));
    let start = given.start.unwrap_or(if increment < 0 { max } else { min });
    options(ty, [start, increment, min, max, given.cache.unwrap_or(1)], given.cycle)
}

/// Returns the default minimum and maximum of a sequence.
fn limits(ty: &Type, increment: i64) -> (i64, i64) {
    let (lowest, highest) = match ty {
        Type::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Integer | Type::Serial => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    if increment < 0 { (lowest, -1) } else { (1, highest) }
}

/// Returns a view's query without its closing semicolon.
fn without_end(query: &str) -> String {
    query.trim().trim_end_matches(';').trim_end().to_owned()
}

/// Returns the columns of a relation by their numbers, or `None` if one of them was dropped.
pub(super) fn columns_of(relation: &Relation, numbers: &[i64]) -> Option<Vec<Ident>> {
    numbers.iter().map(|n| relation.columns.get(n).cloned()).collect()
}
