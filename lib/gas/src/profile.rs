//! Gas by phase: every unit of a transaction's gas goes to one phase, and the phases add up to the
//! total.

use crate::error::Error;
use crate::evm::Evm;
use crate::phases::{OTHER, phase_of_pc};
use alloy_primitives::Address;
use hallmark_solidity::solc::Artifact;
use revm::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::Jumps;
use revm::interpreter::{CallInputs, CallOutcome as FrameOutcome, Interpreter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Calls of one precompile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecompileUse {
    /// Number of calls.
    pub calls: u64,
    /// Gas they used themselves, without the call's own 100.
    pub gas: u64,
}

/// Gas of one transaction by phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Gas of the transaction as on its receipt.
    pub total: u64,
    /// Base cost of a transaction.
    pub intrinsic: u64,
    /// Price of the bytes of calldata (part of the phase `calldata`, beside the checks).
    pub calldata: u64,
    /// Gas by phase. The sum is `total`.
    pub phases: BTreeMap<String, u64>,
    /// Calls of precompiles by name (`ecMul`, …) or address.
    pub precompiles: BTreeMap<String, PrecompileUse>,
    /// Whether the call succeeded.
    pub success: bool,
}

/// Records what every program counter of the outermost frame costs, calls it makes included.
#[derive(Debug, Default)]
struct Recorder {
    depth: usize,
    /// Program counter and remaining gas at the last instruction of the outermost frame.
    last: Option<(usize, u64)>,
    gas: BTreeMap<usize, u64>,
    precompiles: BTreeMap<Address, PrecompileUse>,
    refunded: i64,
}

impl Recorder {
    fn settle(&mut self, remaining: u64) {
        if let Some((pc, before)) = self.last.take() {
            *self.gas.entry(pc).or_default() += before.saturating_sub(remaining);
        }
    }
}

fn is_precompile(address: Address) -> bool {
    address.as_slice().iter().take(18).all(|b| *b == 0) && address != Address::ZERO
}

fn precompile_name(address: Address) -> String {
    match address.as_slice().last() {
        Some(0x05) => "modexp".into(),
        Some(0x06) => "ecAdd".into(),
        Some(0x07) => "ecMul".into(),
        Some(0x08) => "ecPairing".into(),
        _ => address.to_string(),
    }
}

impl<CTX> Inspector<CTX> for Recorder {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut CTX) {
        if self.depth == 1 {
            let remaining = interpreter.gas.remaining();
            self.settle(remaining);
            self.last = Some((interpreter.bytecode.pc(), remaining));
        }
    }

    fn call(&mut self, _: &mut CTX, _: &mut CallInputs) -> Option<FrameOutcome> {
        self.depth += 1;
        None
    }

    fn call_end(&mut self, _: &mut CTX, inputs: &CallInputs, outcome: &mut FrameOutcome) {
        self.depth = self.depth.saturating_sub(1);
        if is_precompile(inputs.bytecode_address) {
            let entry = self.precompiles.entry(inputs.bytecode_address).or_default();
            entry.calls += 1;
            entry.gas += inputs.gas_limit.saturating_sub(outcome.result.gas.remaining());
        }
        if self.depth == 0 {
            self.settle(outcome.result.gas.remaining());
            self.refunded = outcome.result.gas.refunded();
        }
    }
}

impl Evm {
    /// Calls `to` and says where the gas goes.
    ///
    /// The deployed code must be that of `artifact`, whose source carries the section markers.
    ///
    /// # Errors
    /// When there is other code at `to`, or the source map cannot be read.
    pub fn profile(&mut self, artifact: &Artifact, to: Address, calldata: &[u8]) -> Result<Profile, Error> {
        if self.code(to) != artifact.runtime_code {
            return Err(Error::OtherCode { contract: artifact.name.clone(), address: to.to_string() });
        }
        let phase_of = phase_of_pc(artifact)?;
        let (outcome, recorder) = self.inspect(to, calldata, Recorder::default())?;
        let (intrinsic, data, _) = self.intrinsic(calldata);
        let mut phases: BTreeMap<String, u64> = BTreeMap::new();
        for (pc, gas) in &recorder.gas {
            let phase = phase_of.get(*pc).map_or(OTHER, String::as_str);
            *phases.entry(phase.to_owned()).or_default() += gas;
        }
        let execution: u64 = recorder.gas.values().sum();
        // What the floor price of calldata adds beyond the gas that was used belongs to calldata; a
        // refund is taken from the phase `other`, where the calls that earn one would be.
        let before_floor = intrinsic + data + execution;
        let refund = u64::try_from(recorder.refunded).unwrap_or(0).min(before_floor / 5);
        let floor = outcome.gas_used.saturating_sub(before_floor.saturating_sub(refund));
        *phases.entry("intrinsic".into()).or_default() += intrinsic;
        *phases.entry("calldata".into()).or_default() += data + floor;
        if refund > 0 {
            let other = phases.entry(OTHER.into()).or_default();
            *other = other.saturating_sub(refund);
        }
        let sum: u64 = phases.values().sum();
        if sum != outcome.gas_used {
            return Err(Error::Sum { sum, total: outcome.gas_used });
        }
        Ok(Profile {
            total: outcome.gas_used,
            intrinsic,
            calldata: data + floor,
            phases,
            precompiles: recorder
                .precompiles
                .into_iter()
                .map(|(address, usage)| (precompile_name(address), usage))
                .collect(),
            success: outcome.success,
        })
    }
}
