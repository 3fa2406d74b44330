//! Where the gas of a transaction goes: by phase, precompile, opcode, function, line and call path.
//! Each of these views adds up to the gas on the receipt.

use crate::contract::{Contract, GENERATED};
use crate::error::Error;
use crate::evm::{CallOutcome, Evm};
use crate::opcode::{OpcodeClass, opcode_name};
use crate::phases::OTHER;
use crate::trace::{Access, Recorder, Target};
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The phase of the base cost of a transaction.
pub const INTRINSIC: &str = "intrinsic";
/// The phase of the price of calldata; generated verifiers check its form in the same phase.
pub const CALLDATA: &str = "calldata";
/// The phase of what is refunded (EIP-3529), the only one that is negative.
pub const REFUND: &str = "refund";

/// Calls of one precompile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecompileUse {
    /// Last byte of its address.
    pub address: u8,
    /// Number of calls.
    pub calls: u64,
    /// Gas they used themselves, without the calling instruction.
    pub gas: u64,
    /// Bytes of input, all calls together.
    pub input_bytes: u64,
    /// Bytes of the largest input.
    pub largest_input: usize,
    /// Pairs of points (pairing only).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pairs: Option<u64>,
}

/// Executions of one opcode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpcodeUse {
    /// The opcode.
    pub opcode: u8,
    /// Its mnemonic.
    pub name: String,
    /// Its class.
    pub class: OpcodeClass,
    /// Number of executions.
    pub count: u64,
    /// Gas, memory growth included, what calls run excluded.
    pub gas: u64,
}

/// Gas of one function, as its own source lines cost; functions that it calls have their own row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionUse {
    /// Contract whose code ran.
    pub contract: String,
    /// `Contract.function`, a Yul function, or [`GENERATED`].
    pub function: String,
    /// Gas of its instructions.
    pub gas: u64,
    /// Gas of the precompiles that it calls.
    pub precompile_gas: u64,
}

/// Gas of one source line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineUse {
    /// Path of the file.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// The line itself, without its indentation.
    pub text: String,
    /// Times that an instruction of the line ran, the most for any one instruction.
    pub hits: u64,
    /// Gas of its instructions.
    pub gas: u64,
    /// Gas of the precompiles that it calls.
    pub precompile_gas: u64,
}

/// Memory growth.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Most bytes of memory that one call used.
    pub peak_bytes: u64,
    /// Gas for growth, all calls together (part of the gas of the instructions that caused it).
    pub gas: u64,
    /// The same by phase.
    pub gas_by_phase: BTreeMap<String, u64>,
}

/// Gas of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Gas of the transaction as on its receipt.
    pub total: u64,
    /// Base cost of a transaction.
    pub intrinsic: u64,
    /// Price of the bytes of calldata, with what the floor price adds.
    pub calldata: u64,
    /// What the floor price of calldata adds (part of `calldata`; EIP-7623).
    pub floor_surcharge: u64,
    /// What is refunded for storage that was cleared (EIP-3529).
    pub refund: u64,
    /// Gas by phase. The sum is `total`.
    pub phases: BTreeMap<String, i64>,
    /// Calls of precompiles by name (`ecMul`, …) or address.
    pub precompiles: BTreeMap<String, PrecompileUse>,
    /// Executions by opcode, in order of opcode.
    pub opcodes: Vec<OpcodeUse>,
    /// Gas that no opcode and no precompile accounts for: deposits of code, mostly.
    pub unattributed: u64,
    /// Gas by function, dearest first.
    pub functions: Vec<FunctionUse>,
    /// Gas by source line, in order of path and line; code without a line is in `functions` only.
    pub lines: Vec<LineUse>,
    /// Memory growth.
    pub memory: MemoryUse,
    /// Cold and warm accesses.
    pub access: Access,
    /// Gas by call path, frames separated by `;` (folded stacks). The sum is `total + refund`.
    pub stacks: BTreeMap<String, u64>,
    /// Whether the call succeeded.
    pub success: bool,
    /// Why it stopped, when it neither returned nor reverted.
    pub halt: Option<String>,
}

impl Profile {
    /// Executions and gas by class of opcode.
    pub fn classes(&self) -> BTreeMap<OpcodeClass, (u64, u64)> {
        let mut classes = BTreeMap::new();
        for opcode in &self.opcodes {
            let (count, gas) = classes.entry(opcode.class).or_insert((0, 0));
            *count += opcode.count;
            *gas += opcode.gas;
        }
        classes
    }

    /// Gas of execution: what is neither the base cost nor the price of calldata, before refunds.
    pub fn execution(&self) -> u64 {
        let precompiles: u64 = self.precompiles.values().map(|usage| usage.gas).sum();
        let opcodes: u64 = self.opcodes.iter().map(|usage| usage.gas).sum();
        precompiles + opcodes + self.unattributed
    }

    /// Checks that every view adds up to the total.
    fn check(&self) -> Result<(), Error> {
        let expect = |view: &'static str, sum: i128| {
            let total = self.total;
            if sum == i128::from(total) { Ok(()) } else { Err(Error::Sum { view, sum, total }) }
        };
        let fixed = i128::from(self.intrinsic) + i128::from(self.calldata) - i128::from(self.refund);
        expect("phases", self.phases.values().map(|gas| i128::from(*gas)).sum())?;
        expect("opcodes and precompiles", fixed + i128::from(self.execution()))?;
        let functions = self.functions.iter().map(|f| i128::from(f.gas) + i128::from(f.precompile_gas));
        expect("functions", fixed + functions.sum::<i128>())?;
        let stacks: i128 = self.stacks.values().map(|gas| i128::from(*gas)).sum();
        expect("call paths", stacks - i128::from(self.refund))
    }
}

/// Name of a precompile by the last byte of its address.
pub fn precompile_name(address: Address) -> String {
    match (address.as_slice().first(), address.as_slice().last()) {
        (Some(0), Some(0x01)) => "ecRecover".into(),
        (Some(0), Some(0x02)) => "sha256".into(),
        (Some(0), Some(0x03)) => "ripemd160".into(),
        (Some(0), Some(0x04)) => "identity".into(),
        (Some(0), Some(0x05)) => "modexp".into(),
        (Some(0), Some(0x06)) => "ecAdd".into(),
        (Some(0), Some(0x07)) => "ecMul".into(),
        (Some(0), Some(0x08)) => "ecPairing".into(),
        (Some(0), Some(0x09)) => "blake2f".into(),
        (Some(0), Some(0x0a)) => "pointEvaluation".into(),
        _ => address.to_string(),
    }
}

/// Price of calldata without a floor: 4 gas for a zero byte, 16 for another (EIP-2028).
fn calldata_gas(calldata: &[u8]) -> u64 {
    calldata.iter().map(|byte| if *byte == 0 { 4 } else { 16 }).sum()
}

/// What a call path is known by while the views are made.
struct Path {
    /// Frames from the transaction to this node, separated by `;`.
    frames: String,
    /// Phase of the call that led here.
    phase: Option<String>,
    /// Function of the call that led here.
    function: Option<(String, String)>,
    /// Line of the call that led here.
    line: Option<(String, usize)>,
}

/// The views, while they are made.
#[derive(Default)]
struct Views {
    phases: BTreeMap<String, i64>,
    functions: BTreeMap<(String, String), (u64, u64)>,
    lines: BTreeMap<(String, usize), (u64, u64, u64)>,
    stacks: BTreeMap<String, u64>,
    precompiles: BTreeMap<String, PrecompileUse>,
    memory: MemoryUse,
    unattributed: u64,
}

impl Views {
    fn phase(&mut self, phase: &str, gas: u64) -> Result<(), Error> {
        let gas = i64::try_from(gas).map_err(|_| Error::TooMuchGas { gas })?;
        let sum = self.phases.entry(phase.to_owned()).or_default();
        *sum = sum.saturating_add(gas);
        Ok(())
    }

    fn stack(&mut self, frames: String, gas: u64) {
        if gas > 0 {
            *self.stacks.entry(frames).or_default() += gas;
        }
    }
}

/// Folded stacks separate frames by `;` and end with a number.
fn frame(name: &str) -> String {
    name.replace(';', ",").replace(char::is_whitespace, " ")
}

fn short(address: Address) -> String {
    let text = address.to_string();
    format!("{}…", text.get(..10).unwrap_or(&text))
}

fn views(recorder: &Recorder, known: &HashMap<Address, &Contract>) -> Result<Views, Error> {
    let mut views = Views::default();
    let mut paths: Vec<Path> = Vec::with_capacity(recorder.nodes.len());
    for node in &recorder.nodes {
        let contract = match node.target {
            Target::Contract(address) => known.get(&address).copied(),
            _ => None,
        };
        let path = match node.caller {
            Some((caller, pc)) => {
                let calling = recorder.nodes.get(caller);
                let contract = match calling.map(|node| node.target) {
                    Some(Target::Contract(address)) => known.get(&address).copied(),
                    _ => None,
                };
                let above = paths.get(caller);
                let place = contract.map(|contract| (contract, contract.place(pc)));
                let inherited = above.and_then(|path| path.phase.as_deref());
                let mut frames = above.map_or_else(String::new, |path| path.frames.clone());
                let phase = place.map(|(contract, place)| contract.phase(place, inherited));
                if let (Some((contract, place)), Some(phase)) = (place, phase) {
                    frames = [&frames, &frame(phase), &frame(contract.name_at(place.function))]
                        .map(String::as_str)
                        .join(";");
                }
                Path {
                    frames,
                    phase: phase.or(inherited).map(str::to_owned),
                    function: place.map(|(contract, place)| {
                        (contract.name().to_owned(), contract.name_at(place.function).to_owned())
                    }),
                    line: place.and_then(|(contract, place)| {
                        place.line.map(|(path, line)| (contract.name_at(path).to_owned(), line))
                    }),
                }
            }
            None => Path { frames: "transaction".into(), phase: None, function: None, line: None },
        };
        let label = match (node.target, contract) {
            (_, Some(contract)) => contract.name().to_owned(),
            (Target::Contract(address) | Target::Empty(address), None) => short(address),
            (Target::Precompile(address), None) => precompile_name(address),
            (Target::Creation, None) => "constructor".to_owned(),
        };
        let frames = format!("{};{}", path.frames, frame(&label));
        let inherited = path.phase.as_deref();
        for (pc, cost) in &node.costs {
            let place = contract.map(|contract| (contract, contract.place(*pc)));
            let (phase, function) = match place {
                Some((contract, place)) => {
                    (contract.phase(place, inherited), contract.name_at(place.function))
                }
                None => (inherited.unwrap_or(OTHER), GENERATED),
            };
            views.phase(phase, cost.gas)?;
            if cost.memory_gas > 0 {
                *views.memory.gas_by_phase.entry(phase.to_owned()).or_default() += cost.memory_gas;
                views.memory.gas += cost.memory_gas;
            }
            let row = views.functions.entry((label.clone(), function.to_owned())).or_default();
            row.0 += cost.gas;
            let stack = match place {
                Some(_) => format!("{frames};{};{}", frame(phase), frame(function)),
                None => frames.clone(),
            };
            views.stack(stack, cost.gas);
            if let Some((contract, (path, line))) =
                place.and_then(|(contract, place)| Some((contract, place.line?)))
            {
                let row = views.lines.entry((contract.name_at(path).to_owned(), line)).or_default();
                row.0 = row.0.max(cost.count);
                row.1 += cost.gas;
            }
        }
        views.memory.peak_bytes = views.memory.peak_bytes.max(node.peak_memory);
        let phase = match (contract, inherited) {
            (Some(contract), caller) => contract.phase(contract.place(usize::MAX), caller),
            (None, caller) => caller.unwrap_or(OTHER),
        };
        views.phase(phase, node.other_gas)?;
        views.stack(frames.clone(), node.other_gas);
        if let Target::Precompile(address) = node.target {
            let usage = views.precompiles.entry(precompile_name(address)).or_default();
            usage.address = address.as_slice().last().copied().unwrap_or_default();
            usage.calls += node.calls;
            usage.gas += node.other_gas;
            usage.input_bytes += node.input_bytes;
            usage.largest_input = usage.largest_input.max(node.largest_input);
            if usage.address == 8 {
                usage.pairs = Some(usage.input_bytes / 192);
            }
            let caller = path.function.clone().unwrap_or_else(|| (label.clone(), GENERATED.to_owned()));
            views.functions.entry(caller).or_default().1 += node.other_gas;
            if let Some(line) = &path.line {
                views.lines.entry(line.clone()).or_default().2 += node.other_gas;
            }
        } else if node.other_gas > 0 {
            views.unattributed += node.other_gas;
            views.functions.entry((label, GENERATED.to_owned())).or_default().0 += node.other_gas;
        }
        paths.push(Path { frames, ..path });
    }
    Ok(views)
}

impl Evm {
    /// Calls `to` and says where the gas goes. The state stays as it is.
    ///
    /// `contracts` are those whose source is known, by address; gas of others is attributed to the
    /// phase of the call that led to them. `gas_limit` defaults to the most that the rules allow.
    ///
    /// # Errors
    /// When there is no code at `to`, other code at the address of a contract, or the transaction
    /// is not valid. A revert or a halt is an outcome, not an error.
    pub fn profile(
        &mut self,
        contracts: &[(Address, &Contract)],
        to: Address,
        calldata: &[u8],
        gas_limit: Option<u64>,
    ) -> Result<(CallOutcome, Profile), Error> {
        for (address, contract) in contracts {
            if !contract.artifact().is_code(&self.code(*address)) {
                return Err(Error::OtherCode {
                    contract: contract.name().to_owned(),
                    address: address.to_string(),
                });
            }
        }
        let known: HashMap<Address, &Contract> = contracts.iter().copied().collect();
        let precompiles: HashSet<Address> = self.precompile_addresses();
        let warm = self.warm_at_start(to);
        let (outcome, recorder) = self.inspect(to, calldata, gas_limit, Recorder::new(precompiles, warm))?;
        let mut views = views(&recorder, &known)?;
        // The rules say what the transaction pays before it runs; what is not for calldata is the base.
        let limit = gas_limit.unwrap_or_else(|| self.gas_limit());
        let data = calldata_gas(calldata);
        let intrinsic = limit.saturating_sub(recorder.entry).saturating_sub(data);
        let opcodes: Vec<OpcodeUse> = recorder
            .by_opcode()
            .into_iter()
            .map(|(opcode, cost)| OpcodeUse {
                opcode,
                name: opcode_name(opcode),
                class: OpcodeClass::of(opcode),
                count: cost.count,
                gas: cost.gas,
            })
            .collect();
        let execution = opcodes.iter().map(|usage| usage.gas).sum::<u64>()
            + views.precompiles.values().map(|usage| usage.gas).sum::<u64>()
            + views.unattributed;
        let before = intrinsic + data + execution;
        // EIP-3529: at most a fifth of the gas is refunded, and nothing after a failure.
        let refund = if outcome.success { recorder.refunded.min(before / 5) } else { 0 };
        let floor_surcharge = outcome.gas_used.saturating_sub(before.saturating_sub(refund));
        let calldata_price = data + floor_surcharge;
        views.phase(INTRINSIC, intrinsic)?;
        views.phase(CALLDATA, calldata_price)?;
        views.stack(format!("transaction;{INTRINSIC}"), intrinsic);
        views.stack(format!("transaction;{CALLDATA}"), calldata_price);
        if refund > 0 {
            let gas = i64::try_from(refund).map_err(|_| Error::TooMuchGas { gas: refund })?;
            views.phases.insert(REFUND.into(), -gas);
        }
        views.phases.retain(|_, gas| *gas != 0);
        let mut functions: Vec<FunctionUse> = views
            .functions
            .into_iter()
            .map(|((contract, function), (gas, precompile_gas))| FunctionUse {
                contract,
                function,
                gas,
                precompile_gas,
            })
            .collect();
        functions.sort_by_key(|function| std::cmp::Reverse(function.gas + function.precompile_gas));
        let text = |path: &str, line: usize| {
            let found = contracts.iter().find_map(|(_, contract)| contract.line_text(path, line));
            found.unwrap_or_default().trim().to_owned()
        };
        let lines = views
            .lines
            .into_iter()
            .map(|((path, line), (hits, gas, precompile_gas))| LineUse {
                text: text(&path, line),
                path,
                line,
                hits,
                gas,
                precompile_gas,
            })
            .collect();
        let profile = Profile {
            total: outcome.gas_used,
            intrinsic,
            calldata: calldata_price,
            floor_surcharge,
            refund,
            phases: views.phases,
            precompiles: views.precompiles,
            opcodes,
            unattributed: views.unattributed,
            functions,
            lines,
            memory: views.memory,
            access: recorder.access,
            stacks: views.stacks,
            success: outcome.success,
            halt: outcome.halt.clone(),
        };
        profile.check()?;
        Ok((outcome, profile))
    }
}
