//! Execution: one EVM in memory under one hard fork.

use crate::error::Error;
use crate::fork::HardFork;
use crate::rules::Rules;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use revm::context::result::{ExecutionResult, HaltReason, Output};
use revm::context::{BlockEnv, CfgEnv, Context, Journal, TxEnv};
use revm::context_interface::ContextTr;
use revm::database::{CacheDB, EmptyDB};
use revm::handler::{EthPrecompiles, PrecompileProvider};
use revm::interpreter::{CallInputs, InterpreterResult};
use revm::primitives::AddressSet;
use revm::primitives::hardfork::SpecId;
use revm::state::{AccountInfo, Bytecode};
use revm::{ExecuteCommitEvm, ExecuteEvm, InspectEvm, MainBuilder, MainContext};
use std::collections::{BTreeSet, HashSet};

/// Sender of all transactions unless another is set; it has funds.
const SENDER: Address = Address::repeat_byte(0xca);

/// Gas limit of deployments and of calls without one, bounded by the fork's cap.
const GAS_LIMIT: u64 = 1_000_000_000;

/// A deployed contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Where it is.
    pub address: Address,
    /// Gas of the deploying transaction, as on its receipt.
    pub gas: u64,
    /// Bytes of runtime code.
    pub runtime_bytes: usize,
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// It returned (and did not revert or halt).
    pub success: bool,
    /// Returned or reverted data.
    pub output: Vec<u8>,
    /// Gas of the transaction as on its receipt: intrinsic gas, calldata (and its floor) and
    /// refunds included.
    pub gas_used: u64,
    /// Why it stopped, when it neither returned nor reverted (out of gas, …).
    pub halt: Option<String>,
}

impl CallOutcome {
    /// The call returned exactly one word, and that word is 1: the only answer that means
    /// "verified".
    pub fn is_true(&self) -> bool {
        let (last, zeros) = match self.output.split_last() {
            Some(parts) => parts,
            None => return false,
        };
        self.success && self.output.len() == 32 && *last == 1 && zeros.iter().all(|b| *b == 0)
    }
}

/// Precompiles of the fork without some of them, as on networks that lack them.
#[derive(Clone, Debug)]
pub(crate) struct Precompiles {
    inner: EthPrecompiles,
    removed: BTreeSet<Address>,
}

impl<CTX: ContextTr<Cfg: revm::context_interface::Cfg<Spec = SpecId>>> PrecompileProvider<CTX>
    for Precompiles
{
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        <EthPrecompiles as PrecompileProvider<CTX>>::set_spec(&mut self.inner, spec)
    }

    fn run(&mut self, context: &mut CTX, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        if self.removed.contains(&inputs.bytecode_address) {
            return Ok(None);
        }
        self.inner.run(context, inputs)
    }

    fn warm_addresses(&self) -> &AddressSet {
        self.inner.warm_addresses()
    }
}

pub(crate) type Db = CacheDB<EmptyDB>;

/// revm with one hard fork, a funded sender and an in-memory state.
#[derive(Clone, Debug)]
pub struct Evm {
    db: Db,
    rules: Rules,
    chain_id: u64,
    removed: BTreeSet<Address>,
    sender: Address,
    value: U256,
    block: Block,
}

/// What contracts can ask of the block that they run in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Seconds since 1970.
    pub timestamp: U256,
    /// Its number.
    pub number: U256,
}

/// An account as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// In wei.
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Runtime code.
    pub code: Vec<u8>,
    /// Slots and values; all others are zero.
    pub storage: Vec<(U256, U256)>,
}

impl Evm {
    /// An empty state under Ethereum's rules at `fork`, on the local development chain (31337).
    pub fn new(fork: HardFork) -> Self {
        Self::with_rules(Rules::ethereum(fork))
    }

    /// An empty state under a network's rules, on the local development chain (31337).
    pub fn with_rules(rules: Rules) -> Self {
        let mut db = CacheDB::new(EmptyDB::new());
        db.insert_account_info(SENDER, AccountInfo { balance: U256::from(u128::MAX), ..Default::default() });
        Self {
            db,
            rules,
            chain_id: 31_337,
            removed: BTreeSet::new(),
            sender: SENDER,
            value: U256::ZERO,
            // As revm has it.
            block: Block { timestamp: U256::ONE, number: U256::ZERO },
        }
    }

    /// The same on another chain.
    #[must_use]
    pub fn with_chain_id(mut self, chain_id: u64) -> Self {
        self.chain_id = chain_id;
        self
    }

    /// The same without the precompile at `address` (1 … 255): calls there succeed and return
    /// nothing, as calls to any address without code do.
    #[must_use]
    pub fn without_precompile(mut self, address: u8) -> Self {
        self.removed.insert(Address::with_last_byte(address));
        self
    }

    /// The hard fork.
    pub fn fork(&self) -> HardFork {
        self.rules.hard_fork
    }

    /// The rules.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    pub(crate) fn gas_limit(&self) -> u64 {
        self.rules.transaction_gas_cap.map_or(GAS_LIMIT, |cap| cap.min(GAS_LIMIT))
    }

    fn context(&mut self) -> Context<BlockEnv, TxEnv, CfgEnv, &mut Db, Journal<&mut Db>, ()> {
        let mut cfg = CfgEnv::new_with_spec_and_gas_params(
            self.fork().spec(),
            revm::context_interface::cfg::gas_params::GasParams::new_spec(self.fork().spec()),
        );
        cfg.chain_id = self.chain_id;
        cfg.disable_nonce_check = true;
        cfg.disable_eip7623 = !self.rules.calldata_floor;
        cfg.tx_gas_limit_cap = Some(self.rules.transaction_gas_cap.unwrap_or(u64::MAX));
        cfg.limit_contract_code_size = Some(self.rules.code_size_limit);
        let Block { timestamp, number } = self.block;
        Context::mainnet()
            .with_cfg(cfg)
            .modify_block_chained(|block: &mut BlockEnv| {
                block.gas_limit = 2 * GAS_LIMIT;
                block.timestamp = timestamp;
                block.number = number;
            })
            .with_db(&mut self.db)
    }

    fn precompiles(&self) -> Precompiles {
        Precompiles { inner: EthPrecompiles::new(self.fork().spec()), removed: self.removed.clone() }
    }

    fn transaction(&self, kind: TxKind, data: Vec<u8>, gas_limit: u64) -> TxEnv {
        TxEnv {
            caller: self.sender,
            kind,
            data: Bytes::from(data),
            value: self.value,
            gas_limit,
            gas_price: 0,
            chain_id: Some(self.chain_id),
            ..Default::default()
        }
    }

    fn invalid(&self, reason: impl std::fmt::Display) -> Error {
        Error::Transaction { fork: self.fork().name(), reason: reason.to_string() }
    }

    /// Deploys a contract.
    ///
    /// # Errors
    /// [`Error::Deploy`] with the reason: reverted, out of gas, code too large.
    pub fn deploy(&mut self, creation_code: &[u8]) -> Result<Deployment, Error> {
        let transaction = self.transaction(TxKind::Create, creation_code.to_vec(), self.gas_limit());
        let precompiles = self.precompiles();
        let result = {
            let mut evm = self.context().build_mainnet().with_precompiles(precompiles);
            evm.transact_commit(transaction).map_err(|e| e.to_string())
        };
        let result = result.map_err(|e| self.invalid(e))?;
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output: Output::Create(code, Some(address)), .. } => {
                Ok(Deployment { address, gas, runtime_bytes: code.len() })
            }
            ExecutionResult::Success { .. } => {
                Err(Error::Deploy { reason: "no contract was created".into(), gas })
            }
            ExecutionResult::Revert { output, .. } => Err(Error::Deploy {
                reason: format!("the constructor reverted with 0x{}", alloy_primitives::hex::encode(&output)),
                gas,
            }),
            ExecutionResult::Halt { reason, .. } => Err(Error::Deploy {
                reason: match reason {
                    HaltReason::CreateContractSizeLimit => {
                        format!(
                            "the runtime code is above the limit of {} bytes (EIP-170); use fewer \
                         columns or gates, or compile with the optimiser on",
                            self.rules.code_size_limit
                        )
                    }
                    HaltReason::OutOfGas(_) => format!(
                        "out of gas with a limit of {}; the code is too dear to deploy",
                        self.gas_limit()
                    ),
                    other => format!("{other:?}"),
                },
                gas,
            }),
        }
    }

    /// Deploys a contract at an address of the caller's choice, as Foundry's `deployCodeTo` does: the
    /// constructor runs there. For contracts that a stored proof is bound to by their address.
    ///
    /// # Errors
    /// As [`Evm::deploy`].
    pub fn deploy_at(&mut self, address: Address, creation_code: &[u8]) -> Result<Deployment, Error> {
        let code = |bytes: Vec<u8>| AccountInfo::default().with_code(Bytecode::new_raw(Bytes::from(bytes)));
        self.db.insert_account_info(address, code(creation_code.to_vec()));
        let transaction = self.transaction(TxKind::Call(address), Vec::new(), self.gas_limit());
        let precompiles = self.precompiles();
        let result = {
            let mut evm = self.context().build_mainnet().with_precompiles(precompiles);
            evm.transact_commit(transaction).map_err(|e| e.to_string())
        };
        let outcome = outcome(result.map_err(|e| self.invalid(e))?);
        if !outcome.success || outcome.output.is_empty() {
            let reason = outcome.halt.unwrap_or_else(|| {
                format!("the constructor reverted with 0x{}", alloy_primitives::hex::encode(&outcome.output))
            });
            return Err(Error::Deploy { reason, gas: outcome.gas_used });
        }
        let runtime_bytes = outcome.output.len();
        // What the constructor stored stays; only the code changes.
        let mut info = self.db.cache.accounts.get(&address).map(|a| a.info.clone()).unwrap_or_default();
        info.code_hash = alloy_primitives::keccak256(&outcome.output);
        info.code = Some(Bytecode::new_raw(Bytes::from(outcome.output)));
        self.db.insert_account_info(address, info);
        Ok(Deployment { address, gas: outcome.gas_used, runtime_bytes })
    }

    /// The runtime code at an address.
    pub fn code(&self, address: Address) -> Vec<u8> {
        self.db
            .cache
            .accounts
            .get(&address)
            .and_then(|account| account.info.code.as_ref())
            .map(|code| code.original_byte_slice().to_vec())
            .unwrap_or_default()
    }

    fn require_code(&self, address: Address) -> Result<(), Error> {
        if self.code(address).is_empty() {
            return Err(Error::NoCode { address: address.to_string() });
        }
        Ok(())
    }

    /// Calls a contract in a transaction of its own; the state stays as it is.
    ///
    /// # Errors
    /// When there is no code, or the transaction is not valid (a gas limit below the intrinsic
    /// gas). A revert is not an error but an outcome.
    pub fn call(
        &mut self,
        to: Address,
        calldata: &[u8],
        gas_limit: Option<u64>,
    ) -> Result<CallOutcome, Error> {
        self.require_code(to)?;
        let limit = gas_limit.unwrap_or_else(|| self.gas_limit());
        let transaction = self.transaction(TxKind::Call(to), calldata.to_vec(), limit);
        let precompiles = self.precompiles();
        let result = {
            let mut evm = self.context().build_mainnet().with_precompiles(precompiles);
            evm.transact(transaction).map_err(|e| e.to_string())
        };
        result.map(|r| outcome(r.result)).map_err(|e| self.invalid(e))
    }

    /// Calls with an inspector; returns it with the outcome.
    pub(crate) fn inspect<I>(
        &mut self,
        to: Address,
        calldata: &[u8],
        gas_limit: Option<u64>,
        inspector: I,
    ) -> Result<(CallOutcome, I), Error>
    where
        I: for<'a> revm::Inspector<Context<BlockEnv, TxEnv, CfgEnv, &'a mut Db, Journal<&'a mut Db>, ()>>,
    {
        self.require_code(to)?;
        let limit = gas_limit.unwrap_or_else(|| self.gas_limit());
        let transaction = self.transaction(TxKind::Call(to), calldata.to_vec(), limit);
        let precompiles = self.precompiles();
        let mut inspector = inspector;
        let result = {
            let mut evm =
                self.context().build_mainnet_with_inspector(&mut inspector).with_precompiles(precompiles);
            evm.inspect_one_tx(transaction).map_err(|e| e.to_string())
        };
        let outcome = result.map(outcome).map_err(|e| self.invalid(e))?;
        Ok((outcome, inspector))
    }

    /// Addresses at which a precompile answers.
    pub(crate) fn precompile_addresses(&self) -> HashSet<Address> {
        let all = EthPrecompiles::new(self.fork().spec());
        let addresses = all.warm_addresses().iter().copied();
        addresses.filter(|address| !self.removed.contains(address)).collect()
    }

    /// Accounts beside precompiles that are warm when a call to `to` starts: EIP-2929, and the
    /// block's beneficiary since Shanghai (EIP-3651).
    pub(crate) fn warm_at_start(&self, to: Address) -> Vec<Address> {
        let mut warm = vec![self.sender, to];
        if self.fork() >= HardFork::Shanghai {
            warm.push(BlockEnv::default().beneficiary);
        }
        warm
    }

    /// Sender of all transactions.
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// Number of transactions that the sender has sent, from now on: addresses of contracts that it
    /// creates follow from it.
    pub fn set_nonce(&mut self, nonce: u64) {
        let sender = self.sender;
        let mut info = self.db.cache.accounts.get(&sender).map(|a| a.info.clone()).unwrap_or_default();
        info.nonce = nonce;
        self.db.insert_account_info(sender, info);
    }

    /// Value of all transactions from now on, in wei.
    pub fn set_value(&mut self, value: U256) {
        self.value = value;
    }

    /// The block that transactions are in from now on.
    pub fn set_block(&mut self, block: Block) {
        self.block = block;
    }

    /// The chain from now on.
    pub fn set_chain_id(&mut self, chain_id: u64) {
        self.chain_id = chain_id;
    }

    /// Puts an account into the state, in place of what is there.
    pub fn set_account(&mut self, address: Address, account: AccountState) {
        let AccountState { balance, nonce, code, storage } = account;
        let mut info = AccountInfo { balance, nonce, ..Default::default() };
        if !code.is_empty() {
            info = info.with_code(Bytecode::new_raw(Bytes::from(code)));
        }
        self.db.insert_account_info(address, info);
        self.db.cache.accounts.entry(address).or_default().storage = storage.into_iter().collect();
    }

    /// Sends from another account from now on; it gets funds.
    pub fn set_sender(&mut self, sender: Address) {
        self.sender = sender;
        let mut info = self.db.cache.accounts.get(&sender).map(|a| a.info.clone()).unwrap_or_default();
        info.balance = U256::from(u128::MAX);
        self.db.insert_account_info(sender, info);
    }
}

fn outcome(result: ExecutionResult) -> CallOutcome {
    let gas_used = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output, .. } => {
            CallOutcome { success: true, output: output.into_data().to_vec(), gas_used, halt: None }
        }
        ExecutionResult::Revert { output, .. } => {
            CallOutcome { success: false, output: output.to_vec(), gas_used, halt: None }
        }
        ExecutionResult::Halt { reason, .. } => {
            CallOutcome { success: false, output: Vec::new(), gas_used, halt: Some(format!("{reason:?}")) }
        }
    }
}
