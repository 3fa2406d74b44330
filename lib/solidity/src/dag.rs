//! Arithmetic over the scalar field as a hash-consed graph, and its translation to Yul.
//!
//! Equal subexpressions become one node. A node that is used more than once, and is dear enough,
//! is computed once and kept in a memory slot; everything else is nested in one expression whose
//! demand on the stack is bounded.
//!
//! Reduction is lazy. Every node has a bound: its word is at most `bound · r`. `mulmod` and
//! `addmod` give bound 1; a plain `add` adds the bounds, which is sound up to 5, because
//! `5r < 2^256`. The result therefore equals the field element modulo `r` in every case.

use crate::yul::{field_literal, word};
use hallmark_circuit::field::{Field, Fr};
use std::collections::HashMap;

/// The largest `bound` for which `bound · r` fits a word.
const MAX_BOUND: u32 = 5;

/// Stack slots that one expression may use before parts of it are moved to memory. The EVM reaches
/// 16; the rest is for the locals of the block and the function's own frame.
const MAX_STACK: u32 = 8;

/// Index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(usize);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    Constant([u8; 32]),
    /// A Yul expression without side effects that reads a reduced word (`calldataload(0x64)`).
    Leaf(String),
    Sum(NodeId, NodeId),
    Product(NodeId, NodeId),
    Negation(NodeId),
}

/// A graph of field arithmetic.
#[derive(Debug, Default)]
pub(crate) struct Dag {
    nodes: Vec<Node>,
    constants: Vec<Option<Fr>>,
    index: HashMap<Node, NodeId>,
}

impl Dag {
    fn intern(&mut self, node: Node, constant: Option<Fr>) -> NodeId {
        if let Some(id) = self.index.get(&node) {
            return *id;
        }
        let id = NodeId(self.nodes.len());
        self.nodes.push(node.clone());
        self.constants.push(constant);
        self.index.insert(node, id);
        id
    }

    fn value(&self, id: NodeId) -> Option<Fr> {
        self.constants[id.0]
    }

    pub(crate) fn constant(&mut self, value: Fr) -> NodeId {
        self.intern(Node::Constant(word(value)), Some(value))
    }

    /// A word below `r` that a Yul expression of 6 gas reads.
    pub(crate) fn leaf(&mut self, yul: impl Into<String>) -> NodeId {
        self.intern(Node::Leaf(yul.into()), None)
    }

    pub(crate) fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => self.constant(x + y),
            (Some(x), None) if bool::from(x.is_zero()) => b,
            (None, Some(y)) if bool::from(y.is_zero()) => a,
            _ => self.intern(Node::Sum(a.min(b), a.max(b)), None),
        }
    }

    pub(crate) fn negate(&mut self, a: NodeId) -> NodeId {
        if let Some(x) = self.value(a) {
            return self.constant(-x);
        }
        match self.nodes[a.0] {
            Node::Negation(inner) => inner,
            _ => self.intern(Node::Negation(a), None),
        }
    }

    pub(crate) fn subtract(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let negated = self.negate(b);
        self.add(a, negated)
    }

    pub(crate) fn multiply(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.constant(x * y),
            (Some(x), None) | (None, Some(x)) => {
                let other = if self.value(a).is_some() { b } else { a };
                if bool::from(x.is_zero()) {
                    return self.constant(Fr::ZERO);
                }
                if x == Fr::ONE {
                    return other;
                }
                if x == -Fr::ONE {
                    return self.negate(other);
                }
            }
            (None, None) => {}
        }
        // A sign moves outwards, where a sum absorbs it: −a · b = −(a · b).
        let strip = |nodes: &[Node], id: NodeId| match nodes[id.0] {
            Node::Negation(inner) => (inner, true),
            _ => (id, false),
        };
        let (a, negative_a) = strip(&self.nodes, a);
        let (b, negative_b) = strip(&self.nodes, b);
        let product = self.intern(Node::Product(a.min(b), a.max(b)), None);
        if negative_a != negative_b { self.negate(product) } else { product }
    }

    /// Gas of the node's whole tree, shared parts counted each time.
    fn tree_costs(&self) -> Vec<u64> {
        let mut costs: Vec<u64> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let cost = match node {
                Node::Constant(_) => 3,
                Node::Leaf(_) => 6,
                Node::Sum(a, b) => costs[a.0].saturating_add(costs[b.0]).saturating_add(3),
                Node::Product(a, b) => costs[a.0].saturating_add(costs[b.0]).saturating_add(11),
                Node::Negation(a) => costs[a.0].saturating_add(6),
            };
            costs.push(cost);
        }
        costs
    }

    /// Which nodes pay for a memory slot: `n` uses of a tree of `c` gas cost `n·c` nested and
    /// `c + 6 + 6n` with a slot.
    fn shared(&self, roots: &[NodeId]) -> Vec<bool> {
        let costs = self.tree_costs();
        let mut uses = vec![0u64; self.nodes.len()];
        for root in roots {
            uses[root.0] += 1;
        }
        let mut shared = vec![false; self.nodes.len()];
        for id in (0..self.nodes.len()).rev() {
            let n = uses[id];
            if n == 0 {
                continue;
            }
            let leaf = matches!(self.nodes[id], Node::Constant(_) | Node::Leaf(_));
            shared[id] = !leaf && n > 1 && (n - 1).saturating_mul(costs[id]) > 6 + 6 * n;
            let weight = if shared[id] { 1 } else { n };
            match self.nodes[id] {
                Node::Sum(a, b) | Node::Product(a, b) => {
                    uses[a.0] = uses[a.0].saturating_add(weight);
                    uses[b.0] = uses[b.0].saturating_add(weight);
                }
                Node::Negation(a) => uses[a.0] = uses[a.0].saturating_add(weight),
                Node::Constant(_) | Node::Leaf(_) => {}
            }
        }
        shared
    }
}

/// A Yul expression with what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Emitted {
    pub(crate) yul: String,
    /// The word is at most `bound · r`.
    pub(crate) bound: u32,
    stack: u32,
}

/// Translates nodes to Yul statements; keeps shared values in memory slots.
#[derive(Debug)]
pub(crate) struct Emitter<'a> {
    dag: &'a Dag,
    shared: Vec<bool>,
    slots: HashMap<NodeId, (usize, u32)>,
    next_slot: usize,
    statements: Vec<String>,
}

impl<'a> Emitter<'a> {
    /// For the expressions `roots`, with memory slots from `first_slot` on (bytes).
    pub(crate) fn new(dag: &'a Dag, roots: &[NodeId], first_slot: usize) -> Self {
        Self {
            dag,
            shared: dag.shared(roots),
            slots: HashMap::new(),
            next_slot: first_slot,
            statements: Vec::new(),
        }
    }

    /// The statements that must run before the expressions emitted since the last call.
    pub(crate) fn take_statements(&mut self) -> Vec<String> {
        std::mem::take(&mut self.statements)
    }

    fn store(&mut self, id: NodeId, emitted: &Emitted) -> Emitted {
        let slot = self.next_slot;
        self.next_slot += 0x20;
        self.statements.push(format!("mstore({slot:#06x}, {})", emitted.yul));
        self.slots.insert(id, (slot, emitted.bound));
        Self::load(slot, emitted.bound)
    }

    fn load(slot: usize, bound: u32) -> Emitted {
        Emitted { yul: format!("mload({slot:#06x})"), bound, stack: 1 }
    }

    /// The expression of a node, reduced as far as its operations reduce it.
    ///
    /// Children have smaller ids than their parents, so an explicit post-order walk stands in for
    /// recursion: expressions can be thousands of nodes deep.
    pub(crate) fn emit(&mut self, root: NodeId) -> Emitted {
        let mut done: HashMap<NodeId, Emitted> = HashMap::new();
        let mut todo = vec![(root, false)];
        while let Some((id, children_done)) = todo.pop() {
            if done.contains_key(&id) {
                continue;
            }
            if let Some((slot, bound)) = self.slots.get(&id) {
                done.insert(id, Self::load(*slot, *bound));
                continue;
            }
            let children: Vec<NodeId> = match self.dag.nodes[id.0] {
                Node::Constant(_) | Node::Leaf(_) => Vec::new(),
                Node::Sum(a, b) | Node::Product(a, b) => vec![a, b],
                Node::Negation(a) => vec![a],
            };
            if !children_done && !children.is_empty() {
                todo.push((id, true));
                // The last pushed is emitted first.
                todo.extend(children.iter().rev().map(|child| (*child, false)));
                continue;
            }
            let mut emitted = self.combine(id, &done);
            if self.shared[id.0] || emitted.stack > MAX_STACK {
                emitted = self.store(id, &emitted);
            }
            done.insert(id, emitted);
        }
        done.remove(&root).unwrap_or(Emitted { yul: "0".into(), bound: 1, stack: 1 })
    }

    fn combine(&self, id: NodeId, done: &HashMap<NodeId, Emitted>) -> Emitted {
        let get =
            |id: &NodeId| done.get(id).cloned().unwrap_or(Emitted { yul: "0".into(), bound: 1, stack: 1 });
        match &self.dag.nodes[id.0] {
            Node::Constant(_) => {
                let value = self.dag.constants[id.0].unwrap_or(Fr::ZERO);
                Emitted { yul: field_literal(value), bound: 1, stack: 1 }
            }
            Node::Leaf(yul) => Emitted { yul: yul.clone(), bound: 1, stack: 1 },
            Node::Negation(a) => {
                let a = get(a);
                let (yul, stack) = reduce(&a);
                Emitted { yul: format!("sub(r, {yul})"), bound: 1, stack: stack.max(2) }
            }
            Node::Sum(a, b) => {
                let (a, b) = shallow_first(get(a), get(b));
                if a.bound + b.bound <= MAX_BOUND {
                    Emitted {
                        yul: format!("add({}, {})", a.yul, b.yul),
                        bound: a.bound + b.bound,
                        stack: b.stack.max(a.stack + 1),
                    }
                } else {
                    Emitted {
                        yul: format!("addmod({}, {}, r)", a.yul, b.yul),
                        bound: 1,
                        stack: (b.stack + 1).max(a.stack + 2),
                    }
                }
            }
            Node::Product(a, b) => {
                let (a, b) = shallow_first(get(a), get(b));
                Emitted {
                    yul: format!("mulmod({}, {}, r)", a.yul, b.yul),
                    bound: 1,
                    stack: (b.stack + 1).max(a.stack + 2),
                }
            }
        }
    }
}

/// Yul evaluates arguments from right to left: the deeper operand goes right, where fewer words lie
/// below it.
fn shallow_first(a: Emitted, b: Emitted) -> (Emitted, Emitted) {
    if a.stack > b.stack { (b, a) } else { (a, b) }
}

/// The word brought to at most `r`.
fn reduce(emitted: &Emitted) -> (String, u32) {
    if emitted.bound <= 1 {
        (emitted.yul.clone(), emitted.stack)
    } else {
        (format!("mod({}, r)", emitted.yul), emitted.stack + 1)
    }
}
