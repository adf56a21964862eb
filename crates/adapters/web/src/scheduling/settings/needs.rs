//! The part of a service's form that says which resources it needs: one of the chosen ones, of each kind.

use super::resource::kind_name;
use crate::{form::Form, scheduling::Names, words::Words};
use chatgrow_domain::{Count, Invalid, InvalidNeed, InvalidNeeds, Need, Needs, ResourceId, ResourceKind};

/// The resources of a kind, of which an appointment may take one.
pub(super) struct Group {
    /// The name of its boxes.
    pub(super) field: String,
    pub(super) label: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) active: bool,
}

fn field(kind: ResourceKind) -> String {
    format!("need-{}", kind.as_str())
}

/// The groups that the form offers, or `None` if it can't show the needs. Resources that are out of use are offered
/// only if they are needed already.
pub(super) fn groups(t: Words, names: &Names, present: &Needs) -> Option<Vec<Group>> {
    let needed = by_kind(names, present)?;
    let group = |(kind, needed): (ResourceKind, Vec<ResourceId>)| {
        let offered = names
            .resources
            .iter()
            .filter(|resource| resource.kind == kind && (resource.active || needed.contains(&resource.id)));
        let choice = |resource: &chatgrow_domain::Resource| Choice {
            id: resource.id.to_string(),
            name: resource.name.as_str().to_owned(),
            active: resource.active,
        };
        Group {
            field: field(kind),
            label: kind_name(t, kind),
            choices: offered.map(choice).collect(),
        }
    };
    let groups = needed.into_iter().map(group);
    Some(groups.filter(|group| !group.choices.is_empty()).collect())
}

/// The needed resources of each kind; `None` if the needs are not one of each of some kinds.
fn by_kind(names: &Names, needs: &Needs) -> Option<Vec<(ResourceKind, Vec<ResourceId>)>> {
    let kinds = ResourceKind::ALL.iter();
    let mut needed: Vec<_> = kinds.map(|kind| (*kind, Vec::new())).collect();
    for need in needs.groups() {
        let mut kinds = need
            .resources
            .iter()
            .map(|id| names.resource(*id).map(|found| found.kind));
        let kind = kinds.next()??;
        let alike = kinds.all(|other| other == Some(kind));
        let takes_one = need.count == Count::Exactly(1) || need.resources.len() == 1;
        let (_, group) = needed.iter_mut().find(|(other, _)| *other == kind)?;
        if !alike || !takes_one || !group.is_empty() {
            return None;
        }
        group.clone_from(&need.resources);
    }
    Some(needed)
}

/// Checks the boxes of what is needed.
pub(super) fn fill(form: &mut Form, names: &Names, needs: &Needs) {
    for (kind, resources) in by_kind(names, needs).unwrap_or_default() {
        for id in resources {
            form.add(&field(kind), id.to_string());
        }
    }
}

/// Reads the needs. The outer option says whether they are valid, the inner one whether they change. Those that the
/// form can't show stay as they are.
pub(super) fn read(form: &mut Form, t: Words, names: &Names, present: &Needs) -> Option<Option<Needs>> {
    let Some(before) = by_kind(names, present) else {
        return Some(None);
    };
    let mut after = Vec::new();
    for (kind, needed) in &before {
        // What was needed already keeps its order.
        let others = names.resources.iter().filter(|resource| resource.kind == *kind);
        let others = others
            .map(|resource| resource.id)
            .filter(|id| !needed.contains(id));
        let candidates = needed.iter().copied().chain(others);
        let field = field(*kind);
        let chosen: Vec<_> = candidates
            .filter(|id| form.has(&field, &id.to_string()))
            .collect();
        if form.all(&field).count() != chosen.len() {
            form.refuse(field, t.text("invalid-choice"));
            return None;
        }
        after.push((*kind, chosen));
    }
    if after == before {
        return Some(None);
    }
    let need = |(_, resources): (_, Vec<_>)| Need {
        resources,
        count: Count::Exactly(1),
    };
    after.retain(|(_, resources)| !resources.is_empty());
    let kinds: Vec<_> = after.iter().map(|(kind, _)| *kind).collect();
    match Needs::new(after.into_iter().map(need).collect()) {
        Ok(needs) => Some(Some(needs)),
        Err(errors) => {
            for error in errors {
                let kind = kinds.get(error.group).copied();
                refuse_in(form, t, kind, error.why);
            }
            None
        }
    }
}

/// Notes what a use case says about the needs that a form has asked for.
pub(super) fn refuse(form: &mut Form, t: Words, names: &Names, needs: &Needs, error: InvalidNeeds) {
    let group = needs.groups().get(error.group);
    let first = group.and_then(|need| need.resources.first());
    let kind = first.and_then(|id| names.resource(*id)).map(|found| found.kind);
    refuse_in(form, t, kind, error.why);
}

fn refuse_in(form: &mut Form, t: Words, kind: Option<ResourceKind>, why: InvalidNeed) {
    let fault = match why {
        InvalidNeed::TooMany => t.invalid(Invalid::TooMany {
            max: Needs::MAX_RESOURCES,
        }),
        InvalidNeed::Unknown => t.text("service-needs-retired"),
        InvalidNeed::Empty | InvalidNeed::Twice | InvalidNeed::Count => t.text("invalid-choice"),
    };
    form.refuse(field(kind.unwrap_or(ResourceKind::Staff)), fault);
}
