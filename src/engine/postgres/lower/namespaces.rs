//! Schemas and extensions: created before everything else and dropped after it.

use super::super::ddl;
use super::super::names::{literal, quote};
use super::{LoweringContext, alter, edited};
use crate::diff::{Attribute, Delta};
use crate::plan::{Action, Code, Hazard, Level, Resource, Statement, Step};
use crate::schema::{Extension, Namespace};

pub(super) fn lower(context: &LoweringContext<'_>) -> Vec<Step> {
    let namespaces = context.changes.namespaces().map(namespace);
    namespaces.chain(context.changes.extensions().map(extension)).collect()
}

fn namespace(delta: &Delta<Namespace>) -> Step {
    let comment =
        |n: &Namespace| Statement::of_catalog(ddl::comment(&format!("SCHEMA {}", quote(n.name.name.as_str())), n.comment.as_deref()));
    match delta {
        Delta::Create(n) => {
            let mut statements = vec![Statement::of_catalog(format!("CREATE SCHEMA {}", quote(n.name.name.as_str())))];
            statements.extend(n.comment.as_ref().map(|_| comment(n)));
            let mut step = Step::new(n.address(), Action::Create, statements);
            step.footprint.creates.push(Resource::Schema(n.name.to_string()));
            step
        }
        Delta::Drop(n) => {
            let mut step = Step::new(
                n.address(),
                Action::Destroy,
                vec![Statement::of_catalog(format!("DROP SCHEMA {}", quote(n.name.name.as_str())))],
            );
            step.footprint.drops.push(Resource::Schema(n.name.to_string()));
            step.hazards.push(loses_schema(n));
            step
        }
        Delta::Alter { after, .. } => Step::new(after.address(), Action::Alter, vec![comment(after)]),
    }
}

fn extension(delta: &Delta<Extension>) -> Step {
    match delta {
        Delta::Create(e) => {
            let mut statements = vec![Statement::of_catalog(ddl::create_extension(e))];
            statements.extend(e.comment.as_ref().map(|_| extension_comment(e)));
            come(Step::new(e.address(), Action::Create, statements), e)
        }
        Delta::Drop(e) => {
            let drop = Statement::of_catalog(format!("DROP EXTENSION {}", quote(e.name.name.as_str())));
            let mut step = Step::new(e.address(), Action::Destroy, vec![drop]);
            step.footprint.drops.push(Resource::ExtensionsUnused);
            step.footprint.frees.extend(e.schema.iter().map(|s| Resource::Schema(s.to_string())));
            step.hazards.push(loses_extension(e));
            step
        }
        Delta::Alter { after, edits, .. } => {
            let name = quote(after.name.name.as_str());
            let mut statements = Vec::new();
            if let Some(schema) = after.schema.as_ref().filter(|_| edited(edits, Attribute::Schema)) {
                statements.push(alter("EXTENSION", &name, &format!("SET SCHEMA {}", quote(schema.as_str()))));
            }
            if edited(edits, Attribute::Version) {
                let to = after.version.as_ref().map(|v| format!(" TO {}", literal(v))).unwrap_or_default();
                statements.push(alter("EXTENSION", &name, &format!("UPDATE{to}")));
            }
            if edited(edits, Attribute::Comment) {
                statements.push(extension_comment(after));
            }
            come(Step::new(after.address(), Action::Alter, statements), after)
        }
    }
}

fn loses_schema(n: &Namespace) -> Hazard {
    let message = format!("drops schema {} and the privileges on it", n.name);
    let advice = format!("to keep it, declare `schema {0}`; to leave it unmanaged, add `ignore {0} kind=schema`", n.name);
    Hazard::new(Code::DestroysSchema, Level::Destroys, n.address(), message, advice)
}

fn loses_extension(e: &Extension) -> Hazard {
    let message = format!("drops extension {} and everything that belongs to it", e.name);
    let advice = format!("to keep it, declare `extension {0}`; to leave it unmanaged, add `ignore {0} kind=extension`", e.name);
    Hazard::new(Code::DestroysExtension, Level::Destroys, e.address(), message, advice)
}

fn come(mut step: Step, extension: &Extension) -> Step {
    step.footprint.creates.push(Resource::ExtensionsReady);
    step.footprint.needs.extend(extension.schema.iter().map(|s| Resource::Schema(s.to_string())));
    step
}

fn extension_comment(e: &Extension) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("EXTENSION {}", quote(e.name.name.as_str())), e.comment.as_deref()))
}
