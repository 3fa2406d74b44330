//! Recording: what every instruction of every call of a transaction costs.
//!
//! The cost of an instruction is the gas that is available before it less what is available before
//! the next one of the same call, less what calls made in between used. So nothing is counted
//! twice, nothing is left out, and the sum over all instructions and precompiles is the gas of the
//! execution, whatever the schedule. "Available" includes the reservoir of state gas (EIP-8037).

use alloy_primitives::{Address, U256};
use revm::Inspector;
use revm::bytecode::opcode;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, Jumps, MemoryTr};
use revm::interpreter::{
    CallInputs, CallOutcome as FrameOutcome, CreateInputs, CreateOutcome, Gas, InstructionResult, Interpreter,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Call paths that are told apart; what lies deeper is recorded together. A contract that recurses
/// a million times must not take a million records.
const MAX_NODES: usize = 4096;

/// Reads and writes of accounts and storage slots, cold (first in the transaction) or warm
/// (EIP-2929).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Accounts reached for the first time.
    pub cold_accounts: u64,
    /// Accounts reached again.
    pub warm_accounts: u64,
    /// Storage slots reached for the first time.
    pub cold_slots: u64,
    /// Storage slots reached again.
    pub warm_slots: u64,
}

/// Executions of one instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) count: u64,
    pub(crate) gas: u64,
    /// The part of `gas` that is for memory growth.
    pub(crate) memory_gas: u64,
    pub(crate) opcode: u8,
}

/// What runs in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// Code of a contract.
    Contract(Address),
    /// A precompiled contract.
    Precompile(Address),
    /// An address with nothing to run.
    Empty(Address),
    /// Creation code.
    Creation,
}

/// All calls with one path from the transaction's own.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The calling node and the program counter of the call in it.
    pub(crate) caller: Option<(usize, usize)>,
    pub(crate) target: Target,
    pub(crate) calls: u64,
    pub(crate) costs: HashMap<usize, Cost>,
    /// Gas that no instruction accounts for: all of it for a precompile, the deposit of created
    /// code, what a creation at a taken address burns.
    pub(crate) other_gas: u64,
    pub(crate) largest_input: usize,
    pub(crate) input_bytes: u64,
    pub(crate) peak_memory: u64,
}

/// A call in progress.
#[derive(Debug)]
struct Frame {
    node: usize,
    entry: u64,
    last: Option<Last>,
    /// Gas used by calls since `last`.
    children: u64,
    /// Gas that instructions and calls account for so far.
    booked: u64,
    /// What was warmed in this call, to be undone when it fails.
    warmed: Vec<Warm>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    pc: usize,
    opcode: u8,
    available: u64,
    memory_words: usize,
    memory_gas: u64,
    /// What was available right after the instruction, before what ends the call.
    after: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Warm {
    Account(Address),
    Slot(Address, U256),
}

/// Records one transaction.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) nodes: Vec<Node>,
    index: HashMap<(Option<(usize, usize)>, Target), usize>,
    frames: Vec<Frame>,
    warm: HashSet<Warm>,
    precompiles: HashSet<Address>,
    pub(crate) access: Access,
    /// Gas that the transaction's own call starts with: the limit less the intrinsic gas.
    pub(crate) entry: u64,
    /// Refund counter at the end (EIP-3529), before its cap.
    pub(crate) refunded: u64,
}

fn available(gas: &Gas) -> u64 {
    gas.remaining().saturating_add(gas.reservoir())
}

/// Gas of memory of this many words: 3w + ⌊w²/512⌋ (Yellow Paper, appendix H).
fn memory_cost(words: usize) -> u64 {
    let words = words as u64;
    words.saturating_mul(3).saturating_add(words.saturating_mul(words) / 512)
}

impl Recorder {
    /// `warm` are the addresses that are warm from the start: sender, recipient, precompiles, and
    /// the block's beneficiary (EIP-2929, EIP-3651).
    pub(crate) fn new(precompiles: HashSet<Address>, warm: impl IntoIterator<Item = Address>) -> Self {
        let warm = warm.into_iter().chain(precompiles.iter().copied()).map(Warm::Account).collect();
        Self {
            nodes: Vec::new(),
            index: HashMap::new(),
            frames: Vec::new(),
            warm,
            precompiles,
            access: Access::default(),
            entry: 0,
            refunded: 0,
        }
    }

    fn enter(&mut self, target: Target, entry: u64, input: usize) {
        if self.frames.is_empty() {
            self.entry = entry;
        }
        let caller = self.frames.last().map(|frame| (frame.node, frame.last.map_or(0, |last| last.pc)));
        let mut key = (caller, target);
        if self.nodes.len() >= MAX_NODES && !self.index.contains_key(&key) {
            key = (None, target);
        }
        let nodes = &mut self.nodes;
        let node = *self.index.entry(key).or_insert_with(|| {
            nodes.push(Node {
                caller: key.0,
                target,
                calls: 0,
                costs: HashMap::new(),
                other_gas: 0,
                largest_input: 0,
                input_bytes: 0,
                peak_memory: 0,
            });
            nodes.len() - 1
        });
        if let Some(node) = self.nodes.get_mut(node) {
            node.calls += 1;
            node.largest_input = node.largest_input.max(input);
            node.input_bytes = node.input_bytes.saturating_add(input as u64);
        }
        self.frames.push(Frame { node, entry, last: None, children: 0, booked: 0, warmed: Vec::new() });
    }

    fn leave(&mut self, gas: &Gas, result: InstructionResult) {
        let success = result.is_ok();
        // A call that halts (neither returns nor reverts) loses its gas, which its record does not
        // show yet. The instruction that failed is booked with all of it.
        let halted = !result.is_ok_or_revert();
        let remaining = if halted { gas.reservoir() } else { available(gas) };
        let after = self.frames.last().and_then(|frame| frame.last).and_then(|last| last.after);
        self.settle(after.filter(|_| !halted).unwrap_or(remaining));
        let Some(frame) = self.frames.pop() else { return };
        let used = frame.entry.saturating_sub(remaining);
        if let Some(node) = self.nodes.get_mut(frame.node) {
            node.other_gas = node.other_gas.saturating_add(used.saturating_sub(frame.booked));
        }
        if !success {
            for warmed in &frame.warmed {
                self.warm.remove(warmed);
            }
        }
        match self.frames.last_mut() {
            Some(parent) => {
                parent.children = parent.children.saturating_add(used);
                if success {
                    parent.warmed.extend(frame.warmed);
                }
            }
            None => self.refunded = u64::try_from(gas.refunded()).unwrap_or(0),
        }
    }

    /// Books what the last instruction of the current call cost.
    fn settle(&mut self, remaining: u64) {
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(last) = frame.last.take() else { return };
        let used = last.available.saturating_sub(remaining).saturating_sub(frame.children);
        frame.booked = frame.booked.saturating_add(used).saturating_add(frame.children);
        frame.children = 0;
        if let Some(node) = self.nodes.get_mut(frame.node) {
            let cost = node.costs.entry(last.pc).or_default();
            cost.opcode = last.opcode;
            cost.count += 1;
            cost.gas = cost.gas.saturating_add(used);
            cost.memory_gas = cost.memory_gas.saturating_add(last.memory_gas);
        }
    }

    fn touch(&mut self, what: Warm) {
        let cold = self.warm.insert(what);
        if cold && let Some(frame) = self.frames.last_mut() {
            frame.warmed.push(what);
        }
        let counter = match (what, cold) {
            (Warm::Account(_), true) => &mut self.access.cold_accounts,
            (Warm::Account(_), false) => &mut self.access.warm_accounts,
            (Warm::Slot(..), true) => &mut self.access.cold_slots,
            (Warm::Slot(..), false) => &mut self.access.warm_slots,
        };
        *counter += 1;
    }
}

impl<CTX> Inspector<CTX> for Recorder {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut CTX) {
        let now = available(&interpreter.gas);
        self.settle(now);
        let code = interpreter.bytecode.opcode();
        let last = Last {
            pc: interpreter.bytecode.pc(),
            opcode: code,
            available: now,
            memory_words: interpreter.memory.size().div_ceil(32),
            memory_gas: 0,
            after: None,
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.last = Some(last);
        }
        let account = |position: usize| {
            let word = interpreter.stack.peek(position).ok()?;
            Some(Warm::Account(Address::from_word(word.into())))
        };
        let touched = match code {
            opcode::SLOAD | opcode::SSTORE => {
                let slot = interpreter.stack.peek(0).ok();
                slot.map(|slot| Warm::Slot(interpreter.input.target_address(), slot))
            }
            opcode::BALANCE
            | opcode::EXTCODESIZE
            | opcode::EXTCODECOPY
            | opcode::EXTCODEHASH
            | opcode::SELFDESTRUCT => account(0),
            opcode::CALL | opcode::CALLCODE | opcode::DELEGATECALL | opcode::STATICCALL => account(1),
            _ => None,
        };
        if let Some(touched) = touched {
            self.touch(touched);
        }
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut CTX) {
        let words = interpreter.memory.size().div_ceil(32);
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(last) = &mut frame.last else { return };
        let calls = matches!(
            last.opcode,
            opcode::CALL
                | opcode::CALLCODE
                | opcode::DELEGATECALL
                | opcode::STATICCALL
                | opcode::CREATE
                | opcode::CREATE2
        );
        // A call that is about to run has its gas limit taken off already.
        last.after = (!calls).then(|| available(&interpreter.gas));
        if words > last.memory_words {
            last.memory_gas = memory_cost(words).saturating_sub(memory_cost(last.memory_words));
            if let Some(node) = self.nodes.get_mut(frame.node) {
                node.peak_memory = node.peak_memory.max((words as u64).saturating_mul(32));
            }
        }
    }

    fn call(&mut self, _: &mut CTX, inputs: &mut CallInputs) -> Option<FrameOutcome> {
        let address = inputs.bytecode_address;
        let target = if self.precompiles.contains(&address) {
            Target::Precompile(address)
        } else if inputs.known_bytecode.1.is_empty() {
            Target::Empty(address)
        } else {
            Target::Contract(address)
        };
        let entry = inputs.gas_limit.saturating_add(inputs.reservoir);
        self.enter(target, entry, inputs.input.len());
        None
    }

    fn call_end(&mut self, _: &mut CTX, _: &CallInputs, outcome: &mut FrameOutcome) {
        self.leave(&outcome.result.gas, outcome.result.result);
    }

    fn create(&mut self, _: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        let entry = inputs.gas_limit().saturating_add(inputs.reservoir());
        self.enter(Target::Creation, entry, inputs.init_code().len());
        None
    }

    fn create_end(&mut self, _: &mut CTX, _: &CreateInputs, outcome: &mut CreateOutcome) {
        if let Some(address) = outcome.address {
            self.warm.insert(Warm::Account(address));
        }
        self.leave(&outcome.result.gas, outcome.result.result);
    }
}

impl Recorder {
    /// Counts by opcode.
    pub(crate) fn by_opcode(&self) -> BTreeMap<u8, Cost> {
        let mut sums: BTreeMap<u8, Cost> = BTreeMap::new();
        for cost in self.nodes.iter().flat_map(|node| node.costs.values()) {
            let sum = sums.entry(cost.opcode).or_default();
            sum.opcode = cost.opcode;
            sum.count += cost.count;
            sum.gas = sum.gas.saturating_add(cost.gas);
            sum.memory_gas = sum.memory_gas.saturating_add(cost.memory_gas);
        }
        sums
    }
}
