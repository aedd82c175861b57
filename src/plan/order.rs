//! The order of steps: a step that creates an object precedes those that need it, a step that ends a
//! dependency precedes the drop, and a drop precedes a re-creation.
//!
//! petgraph's own sort depends on the insertion order. Here, ties are broken first in favor of steps that
//! drop nothing, then by address, so that the same changes always give the same plan.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Action, Resource, Step, Transaction};

/// Whether an edge can be left out to break a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Must,
    May,
}

/// Sorts the steps into execution order: those before the transaction, those in it, those after it.
///
/// # Errors
/// If steps depend on each other: their addresses.
pub fn order(steps: Vec<Step>) -> Result<Vec<Step>, Vec<String>> {
    debug_assert_eq!(unmet(&steps), Vec::<&Resource>::new(), "nothing creates what a step needs");
    let mut graph = build(&steps);
    loosen(&mut graph);
    let mut waiting: Vec<usize> = graph.node_indices().map(|n| graph.neighbors_directed(n, petgraph::Incoming).count()).collect();
    let key = |i: usize| (drops(&steps[i]), steps[i].address.clone(), i);
    let mut ready: BinaryHeap<Reverse<_>> = (0..steps.len()).filter(|i| waiting[*i] == 0).map(|i| Reverse(key(i))).collect();
    let mut sorted = Vec::with_capacity(steps.len());
    while let Some(Reverse((_, _, i))) = ready.pop() {
        sorted.push(i);
        for next in graph.neighbors(NodeIndex::new(i)) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                ready.push(Reverse(key(next.index())));
            }
        }
    }
    if sorted.len() < steps.len() {
        let stuck = (0..steps.len()).filter(|i| waiting[*i] > 0);
        return Err(stuck.map(|i| steps[i].address.to_string()).collect());
    }
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    let mut ordered: Vec<Step> = sorted.into_iter().filter_map(|i| slots[i].take()).collect();
    ordered.sort_by_key(|s| s.transaction);
    Ok(ordered)
}

/// Returns the names that prevent an order: one step frees such a name and another takes it, but the first
/// depends on the second, or runs after the plan's transaction, where it could not tell its own object from
/// the new one.
pub fn contended(steps: &[Step]) -> BTreeSet<Resource> {
    let mut graph = build(steps);
    loosen(&mut graph);
    let mut circle_of = BTreeMap::new();
    for (n, circle) in tarjan_scc(&graph).into_iter().enumerate() {
        circle_of.extend(circle.into_iter().map(|node| (node.index(), n)));
    }
    let creates = users(steps, |s| &s.footprint.creates);
    let mut found = BTreeSet::new();
    for (name, givers) in users(steps, |s| &s.footprint.drops) {
        let takers = creates.get(name).map_or(&[][..], Vec::as_slice);
        let in_the_way = |a: &usize, b: &usize| {
            let late = steps.get(*a).is_some_and(|s| s.transaction == Transaction::After);
            a != b && (late || circle_of.get(a) == circle_of.get(b))
        };
        if givers.iter().any(|a| takers.iter().any(|b| in_the_way(a, b))) {
            found.insert(name.clone());
        }
    }
    found
}

fn drops(step: &Step) -> bool {
    step.action == Action::Destroy
}

/// Returns the resources that steps need and that only a step can create, but none does.
fn unmet(steps: &[Step]) -> Vec<&Resource> {
    let created: BTreeSet<&Resource> = steps.iter().flat_map(|s| &s.footprint.creates).collect();
    let needed = steps.iter().flat_map(|s| &s.footprint.needs);
    needed.filter(|r| r.is_of_steps() && !created.contains(r)).collect()
}

/// The steps by resource.
type Users<'a> = BTreeMap<&'a Resource, Vec<usize>>;

fn users(steps: &[Step], of: fn(&Step) -> &Vec<Resource>) -> Users<'_> {
    let mut map: Users = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        of(step).iter().for_each(|r| map.entry(r).or_default().push(i));
    }
    map
}

fn build(steps: &[Step]) -> DiGraph<(), Edge> {
    let (creates, drops) = (users(steps, |s| &s.footprint.creates), users(steps, |s| &s.footprint.drops));
    let (needs, frees) = (users(steps, |s| &s.footprint.needs), users(steps, |s| &s.footprint.frees));
    let prefers = users(steps, |s| &s.footprint.prefers);
    let mut edges = BTreeMap::new();
    let mut connect = |from: &Users, to: &Users, edge: Edge| {
        for (resource, firsts) in from {
            for (a, b) in firsts.iter().flat_map(|a| to.get(resource).into_iter().flatten().map(move |b| (*a, *b))) {
                if a != b {
                    let kept = edges.entry((a, b)).or_insert(edge);
                    if edge == Edge::Must {
                        *kept = Edge::Must;
                    }
                }
            }
        }
    };
    connect(&creates, &needs, Edge::Must);
    connect(&frees, &drops, Edge::Must);
    connect(&drops, &creates, Edge::Must);
    connect(&creates, &prefers, Edge::May);
    // SQLite would rename what already references the next object of that name.
    connect(&drops, &prefers, Edge::May);
    let mut graph = DiGraph::new();
    for _ in steps {
        graph.add_node(());
    }
    for ((a, b), edge) in edges {
        graph.add_edge(NodeIndex::new(a), NodeIndex::new(b), edge);
    }
    graph
}

/// Removes optional edges, which only improve readability, from cycles.
fn loosen(graph: &mut DiGraph<(), Edge>) {
    let circles: Vec<BTreeSet<NodeIndex>> =
        tarjan_scc(&*graph).into_iter().filter(|c| c.len() > 1).map(|c| c.into_iter().collect()).collect();
    graph.retain_edges(|g, e| {
        let ends = g.edge_endpoints(e);
        let within = ends.is_some_and(|(a, b)| circles.iter().any(|c| c.contains(&a) && c.contains(&b)));
        !(within && g[e] == Edge::May)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Footprint;
    use crate::schema::Address;
    use crate::schema::Kind;

    fn step(name: &str, footprint: Footprint) -> Step {
        Step { footprint, ..Step::new(Address::top(Kind::Table, name), Action::Create, Vec::new()) }
    }
    fn names(words: &str) -> Vec<Resource> {
        words.split_whitespace().map(|w| Resource::Name(w.to_owned())).collect()
    }
    fn sorted(steps: Vec<Step>) -> String {
        order(steps)
            .map_or_else(|e| format!("circle: {e:?}"), |s| s.iter().map(|s| s.address.last().to_owned()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_order_does_not_depend_on_the_order() {
        let steps = vec![
            step("c", Footprint { creates: names("c"), needs: names("b"), ..Footprint::default() }),
            step("b", Footprint { creates: names("b"), prefers: names("c"), ..Footprint::default() }),
            step("a", Footprint { creates: names("v"), needs: names("c"), ..Footprint::default() }),
            step("z", Footprint { drops: names("v"), frees: names("b"), ..Footprint::default() }),
        ];
        let reversed = steps.iter().rev().cloned().collect();
        assert_eq!(sorted(steps), "b c z a");
        assert_eq!(sorted(reversed), "b c z a");
    }

    #[test]
    fn a_name_is_contended_in_a_circle_and_after_the_transaction() {
        let gives = |name: &str, takes: &str| Footprint { creates: names(takes), drops: names(name), ..Footprint::default() };
        let swap = [step("a", gives("x", "y")), step("b", gives("y", "x"))];
        assert_eq!(contended(&swap), BTreeSet::from_iter(names("x y")));
        let mut chain = [step("a", gives("x", "y")), step("b", gives("y", "z"))];
        assert!(contended(&chain).is_empty());
        chain[1].transaction = Transaction::After;
        assert_eq!(contended(&chain), BTreeSet::from_iter(names("y")));
    }

    #[test]
    fn a_circle_is_named() {
        let steps = vec![
            step("a", Footprint { creates: names("a"), needs: names("b"), ..Footprint::default() }),
            step("b", Footprint { creates: names("b"), needs: names("a"), ..Footprint::default() }),
        ];
        assert_eq!(sorted(steps), r#"circle: ["table.a", "table.b"]"#);
    }
}
