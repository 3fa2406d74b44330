//! Transactions that Forge tests record: `HallmarkTest.transact` emits each with all of the state that it
//! looks at, so that it can be run again here, under the rules of any network.

use crate::contract::Contract;
use crate::error::Error;
use crate::evm::{AccountState, Block, Evm};
use crate::scenario::{Prepared, Scenario};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use hallmark_solidity::solc::Artifact;
use std::sync::Arc;

/// Signature of the event, as in `contracts/testing/HallmarkTest.sol`.
const EVENT: &str = "TransactionRecorded(string,(address,address,uint256,bytes,uint256,uint256,uint256,\
                     (address,uint64,uint256,bytes,bytes32[],bytes32[])[]))";

/// `AccountRecord` of `contracts/testing/TransactionRecord.sol`.
type AccountRecord = (Address, u64, U256, Bytes, Vec<B256>, Vec<B256>);
/// `TransactionRecord`.
type TransactionRecord = (Address, Address, U256, Bytes, U256, U256, U256, Vec<AccountRecord>);

/// A recorded transaction.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its name in the test.
    pub name: String,
    /// Sender.
    pub from: Address,
    /// Recipient.
    pub to: Address,
    /// In wei.
    pub value: U256,
    /// Calldata.
    pub data: Vec<u8>,
    chain_id: u64,
    block: Block,
    accounts: Vec<(Address, AccountState)>,
    /// Contracts whose source is known, by address.
    contracts: Vec<(Address, Arc<Contract>)>,
}

impl Recorded {
    /// Reads the event; `None` if it is another one.
    ///
    /// # Errors
    /// [`Error::Recorded`] when it is not encoded as expected.
    pub fn of_event(topics: &[B256], data: &[u8]) -> Result<Option<Self>, Error> {
        if topics != [keccak256(EVENT)] {
            return Ok(None);
        }
        let wrong = |reason: String| Error::Recorded { reason };
        let (name, record) = <(String, TransactionRecord)>::abi_decode_params(data)
            .map_err(|error| wrong(format!("its event is not encoded as expected: {error}")))?;
        let (from, to, value, data, chain_id, timestamp, number, records) = record;
        let chain_id = chain_id.try_into().map_err(|_| wrong(format!("no chain id: {chain_id}")))?;
        let mut accounts = Vec::with_capacity(records.len());
        for (address, nonce, balance, code, slots, values) in records {
            if slots.len() != values.len() {
                return Err(wrong(format!(
                    "{address} has {} slots and {} values",
                    slots.len(),
                    values.len()
                )));
            }
            // A transaction's sender has no code (EIP-3607), but a test that sends has.
            let code = if address == from { Vec::new() } else { code.to_vec() };
            let storage = slots.into_iter().map(Into::into).zip(values.into_iter().map(Into::into)).collect();
            accounts.push((address, AccountState { balance, nonce, code, storage }));
        }
        let data = data.to_vec();
        let block = Block { timestamp, number };
        Ok(Some(Self { name, from, to, value, data, chain_id, block, accounts, contracts: Vec::new() }))
    }

    /// Gives the accounts their source: that of the first artifact with the same code, whatever its
    /// immutables are. Code of the recipient outside all phases belongs to the phase `consumer`.
    /// Returns the name of the recipient's contract, if it is among them.
    ///
    /// # Errors
    /// [`Error::SourceMap`] of an artifact.
    pub fn attribute(&mut self, artifacts: &[Artifact]) -> Result<Option<String>, Error> {
        let mut recipient = None;
        for (address, account) in &self.accounts {
            let artifact =
                artifacts.iter().find(|artifact| !account.code.is_empty() && artifact.is_code(&account.code));
            let Some(artifact) = artifact else { continue };
            let shared = Arc::new(artifact.clone());
            let contract = if *address == self.to {
                recipient = Some(artifact.name.clone());
                Contract::with_default_phase(shared, "consumer")?
            } else {
                Contract::new(shared)?
            };
            self.contracts.push((*address, Arc::new(contract)));
        }
        Ok(recipient)
    }
}

impl Scenario for Recorded {
    /// Nothing is deployed: the gas of that is 0.
    fn prepare(&self, evm: &mut Evm) -> Result<Prepared, Error> {
        evm.set_chain_id(self.chain_id);
        evm.set_block(self.block);
        evm.set_sender(self.from);
        evm.set_value(self.value);
        let mut runtime_bytes = 0;
        for (address, account) in &self.accounts {
            runtime_bytes = runtime_bytes.max(account.code.len());
            evm.set_account(*address, account.clone());
        }
        Ok(Prepared {
            to: self.to,
            calldata: self.data.clone(),
            contracts: self.contracts.clone(),
            deploy_gas: 0,
            runtime_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fork::HardFork;
    use crate::rules::Rules;

    const FROM: Address = Address::repeat_byte(0x11);
    const TO: Address = Address::repeat_byte(0x22);

    /// Stores value + timestamp + number + the slot 7 + the sender's balance into the slot 7, and returns
    /// the chain id.
    const CODE: [u8; 23] = [
        0x34, 0x42, 0x01, 0x43, 0x01, 0x60, 0x07, 0x54, 0x01, 0x33, 0x31, 0x01, 0x60, 0x07, 0x55, 0x46, 0x5f,
        0x52, 0x60, 0x20, 0x5f, 0xf3, 0x00,
    ];

    fn event(values: usize) -> Vec<u8> {
        let slot = B256::from(U256::from(7));
        let account: AccountRecord =
            (TO, 1, U256::ZERO, CODE.to_vec().into(), vec![slot], vec![B256::from(U256::from(1000)); values]);
        let sender: AccountRecord = (FROM, 9, U256::from(50), Bytes::from_static(&[1]), vec![], vec![]);
        let record: TransactionRecord = (
            FROM,
            TO,
            U256::from(3),
            Bytes::new(),
            U256::from(31_337),
            U256::from(200),
            U256::from(10),
            vec![account, sender],
        );
        ("name".to_owned(), record).abi_encode_params()
    }

    #[test]
    fn a_recorded_transaction_runs_in_the_state_that_it_found() {
        let recorded = Recorded::of_event(&[keccak256(EVENT)], &event(1)).unwrap().unwrap();
        assert_eq!(recorded.name, "name");
        let run = crate::scenario::run(&recorded, Rules::ethereum(HardFork::default()), None).unwrap();
        assert!(run.profile.success, "{:?}", run.profile.halt);
        assert_eq!(U256::from_be_slice(&run.output), U256::from(31_337));
        // Neither slot nor balance was zero, and the slot is written once: no refund, no creation.
        // 21,000; 3 × PUSH1 and so on; cold SLOAD 2,100, warm SSTORE of another value 2,900.
        assert_eq!(run.profile.access.cold_slots, 1);
        assert_eq!(run.profile.refund, 0);
        let mut evm = Evm::new(HardFork::default());
        recorded.prepare(&mut evm).unwrap();
        let outcome = evm.call(TO, &[], None).unwrap();
        assert_eq!(outcome.gas_used, run.profile.total);
        // A slot that was zero is dearer by 20,000 - 2,900 (EIP-2200).
        let mut empty = recorded.clone();
        empty.accounts[0].1.storage.clear();
        let dearer = crate::scenario::run(&empty, Rules::ethereum(HardFork::default()), None).unwrap();
        assert_eq!(dearer.profile.total - run.profile.total, 17_100);
    }

    #[test]
    fn other_events_are_left_and_bad_ones_refused() {
        assert!(Recorded::of_event(&[B256::ZERO], &event(1)).unwrap().is_none());
        assert!(Recorded::of_event(&[], &[]).unwrap().is_none());
        for data in [event(1)[..40].to_vec(), event(2), Vec::new()] {
            let error = Recorded::of_event(&[keccak256(EVENT)], &data).unwrap_err();
            assert!(matches!(error, Error::Recorded { .. }), "{error}");
        }
    }
}
