//! A node's chain: code, balances, calls, transactions and their receipts.

use crate::{account::Account, error::Error};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_signer::SignerSync;
use hallmark_network::rpc::{self, Answer};
use serde_json::{Value, json};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Pause between two questions for a receipt.
const POLL: Duration = Duration::from_millis(250);

/// What a contract answers to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallAnswer {
    /// It returned these bytes.
    Returned(Vec<u8>),
    /// It reverted, or could not run.
    Refused {
        /// Data of the revert, where the node gives it.
        data: Vec<u8>,
        /// What the node says.
        message: String,
    },
}

/// Prices of gas, in wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Base fee of the latest block.
    pub base_fee: u128,
    /// What the proposer gets.
    pub priority_fee: u128,
}

impl Fees {
    /// What a unit of gas costs at the latest block's base fee, in wei.
    pub fn gas_price(&self) -> u128 {
        self.base_fee.saturating_add(self.priority_fee)
    }

    /// The most that a transaction offers for a unit of gas, in wei: room for the base fee to double.
    pub fn maximum(&self) -> u128 {
        self.base_fee.saturating_mul(2).saturating_add(self.priority_fee)
    }
}

/// A message to a contract, or the creation of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The contract; none creates one.
    pub to: Option<Address>,
    /// Calldata, or code that creates.
    pub data: Bytes,
    /// Wei that go with it.
    pub value: U256,
}

/// The latest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Unix seconds.
    pub timestamp: u64,
}

/// An event that a transaction emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// Selector and indexed arguments.
    pub topics: Vec<B256>,
    /// The other arguments, encoded.
    pub data: Bytes,
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its hash.
    pub transaction: B256,
    /// Whether it did what it was for; otherwise it was reverted.
    pub success: bool,
    /// Number of its block.
    pub block: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// Price of a unit of that gas, in wei.
    pub gas_price: u128,
    /// Fee for data beside the gas in wei, where the network's receipts say it.
    pub data_fee: u128,
    /// The contract that it created.
    pub contract: Option<Address>,
    /// Events, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// What was paid as far as the receipt says, in wei.
    pub fn paid(&self) -> u128 {
        u128::from(self.gas_used).saturating_mul(self.gas_price).saturating_add(self.data_fee)
    }
}

/// A chain behind a node.
#[derive(Clone)]
pub struct Chain {
    url: String,
    shown: String,
    timeout: Duration,
    chain_id: u64,
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Chain({} at {})", self.chain_id, self.shown)
    }
}

impl Chain {
    /// Asks the node at `url` for its chain id. Each request may take `timeout`.
    ///
    /// # Errors
    /// The node cannot be reached, or is none.
    pub fn connect(url: &str, timeout: Duration) -> Result<Self, Error> {
        let shown = rpc::shown(url)?;
        let chain_id = rpc::identify(url, timeout)?;
        Ok(Self { url: url.to_owned(), shown, timeout, chain_id })
    }

    /// Chain id.
    pub fn id(&self) -> u64 {
        self.chain_id
    }

    /// The node's address, without credentials and path.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn value(&self, method: &'static str, parameters: Value) -> Result<Value, Error> {
        match rpc::request(&self.url, method, parameters, self.timeout)? {
            Answer::Value(value) => Ok(value),
            Answer::Refused { code, message, .. } => Err(self.refused(method, code, &message)),
        }
    }

    fn refused(&self, call: &'static str, code: i64, message: &str) -> Error {
        Error::Refused { url: self.shown.clone(), call, reason: format!("error {code}: {message}") }
    }

    fn nonsense(&self, call: &str, found: &Value, expected: &str) -> Error {
        let found: String = found.to_string().chars().take(120).collect();
        Error::Network(hallmark_network::Error::Nonsense {
            url: self.shown.clone(),
            call: call.to_owned(),
            found: format!("`{found}`"),
            expected: expected.to_owned(),
        })
    }

    fn number<T: TryFrom<U256>>(&self, method: &str, value: &Value) -> Result<T, Error> {
        quantity(value)
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.nonsense(method, value, "a hexadecimal number in range"))
    }

    fn bytes(&self, method: &str, value: &Value) -> Result<Bytes, Error> {
        decoded(value).ok_or_else(|| self.nonsense(method, value, "bytes in hexadecimal"))
    }

    /// Runtime code at an address; empty where there is none.
    ///
    /// # Errors
    /// The node cannot be reached, or refuses.
    pub fn code(&self, address: Address) -> Result<Bytes, Error> {
        const METHOD: &str = "eth_getCode";
        self.bytes(METHOD, &self.value(METHOD, json!([address, "latest"]))?)
    }

    /// What an account has, in wei.
    ///
    /// # Errors
    /// The node cannot be reached, or refuses.
    pub fn balance(&self, account: Address) -> Result<U256, Error> {
        const METHOD: &str = "eth_getBalance";
        self.number(METHOD, &self.value(METHOD, json!([account, "latest"]))?)
    }

    /// Number of transactions that an account has sent, pending ones included.
    ///
    /// # Errors
    /// The node cannot be reached, or refuses.
    pub fn nonce(&self, account: Address) -> Result<u64, Error> {
        const METHOD: &str = "eth_getTransactionCount";
        self.number(METHOD, &self.value(METHOD, json!([account, "pending"]))?)
    }

    /// Calls without sending anything. A revert is an answer.
    ///
    /// # Errors
    /// The node cannot be reached, or what it says is no answer.
    pub fn call(&self, from: Option<Address>, message: &Message) -> Result<CallAnswer, Error> {
        const METHOD: &str = "eth_call";
        let parameters = json!([request(from, message), "latest"]);
        match rpc::request(&self.url, METHOD, parameters, self.timeout)? {
            Answer::Value(value) => Ok(CallAnswer::Returned(self.bytes(METHOD, &value)?.to_vec())),
            Answer::Refused { message, data, .. } => {
                Ok(CallAnswer::Refused { data: data.unwrap_or_default(), message })
            }
        }
    }

    /// Gas that a transaction would take, or why it would fail.
    ///
    /// # Errors
    /// The node cannot be reached, or what it says is no answer.
    pub fn estimate(
        &self,
        from: Option<Address>,
        message: &Message,
    ) -> Result<Result<u64, CallAnswer>, Error> {
        const METHOD: &str = "eth_estimateGas";
        match rpc::request(&self.url, METHOD, json!([request(from, message)]), self.timeout)? {
            Answer::Value(value) => Ok(Ok(self.number(METHOD, &value)?)),
            Answer::Refused { message, data, .. } => {
                Ok(Err(CallAnswer::Refused { data: data.unwrap_or_default(), message }))
            }
        }
    }

    /// An account that the node holds the key of: `wanted`, or the first.
    ///
    /// # Errors
    /// [`Error::NoAccount`] where it holds none, or not that one.
    pub fn node_account(&self, wanted: Option<Address>) -> Result<Account, Error> {
        const METHOD: &str = "eth_accounts";
        let value = self.value(METHOD, json!([]))?;
        let accounts = value.as_array().ok_or_else(|| self.nonsense(METHOD, &value, "a list"))?;
        let mut accounts = accounts.iter().filter_map(|account| account.as_str()?.parse::<Address>().ok());
        let found = match wanted {
            Some(wanted) => accounts.find(|account| *account == wanted),
            None => accounts.next(),
        };
        found.map(Account::Node).ok_or_else(|| Error::NoAccount {
            url: self.shown.clone(),
            wanted: wanted.map_or_else(|| "any account".to_owned(), |wanted| wanted.to_string()),
        })
    }

    fn latest(&self) -> Result<Value, Error> {
        self.value("eth_getBlockByNumber", json!(["latest", false]))
    }

    /// The latest block.
    ///
    /// # Errors
    /// The node cannot be reached, or refuses.
    pub fn block(&self) -> Result<Block, Error> {
        let block = self.latest()?;
        self.block_of(&block)
    }

    /// The block of this number.
    ///
    /// # Errors
    /// The node cannot be reached, or does not have it.
    pub fn block_at(&self, number: u64) -> Result<Block, Error> {
        let block = self.value("eth_getBlockByNumber", json!([format!("{number:#x}"), false]))?;
        self.block_of(&block)
    }

    fn block_of(&self, block: &Value) -> Result<Block, Error> {
        let field = |name: &str| {
            let value = block.get(name).unwrap_or(&Value::Null);
            self.number(&format!("eth_getBlockByNumber, {name}"), value)
        };
        Ok(Block { number: field("number")?, timestamp: field("timestamp")? })
    }

    /// Prices of gas now.
    ///
    /// # Errors
    /// The node cannot be reached, or its chain has no base fee (EIP-1559).
    pub fn fees(&self) -> Result<Fees, Error> {
        let block = self.latest()?;
        let base_fee = block.get("baseFeePerGas").unwrap_or(&Value::Null);
        let base_fee = self.number("eth_getBlockByNumber, baseFeePerGas", base_fee)?;
        // Not every node has this method; a gas price always contains the base fee.
        const PRIORITY: &str = "eth_maxPriorityFeePerGas";
        let priority_fee = match rpc::request(&self.url, PRIORITY, json!([]), self.timeout)? {
            Answer::Value(value) => self.number(PRIORITY, &value)?,
            Answer::Refused { .. } => {
                const PRICE: &str = "eth_gasPrice";
                let price: u128 = self.number(PRICE, &self.value(PRICE, json!([]))?)?;
                price.saturating_sub(base_fee)
            }
        };
        Ok(Fees { base_fee, priority_fee })
    }

    /// Signs and sends a transaction; returns its hash. `nonce` is that of the account's next
    /// transaction: one that was sent meanwhile makes the node refuse.
    ///
    /// # Errors
    /// The node cannot be reached, or refuses.
    pub fn send(
        &self,
        account: &Account,
        message: &Message,
        nonce: u64,
        gas_limit: u64,
        fees: Fees,
    ) -> Result<B256, Error> {
        let (method, value) = match account {
            Account::Key(signer) => {
                const METHOD: &str = "eth_sendRawTransaction";
                let transaction = TxEip1559 {
                    chain_id: self.chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: fees.maximum(),
                    max_priority_fee_per_gas: fees.priority_fee,
                    to: message.to.map_or(TxKind::Create, TxKind::Call),
                    value: message.value,
                    input: message.data.clone(),
                    ..TxEip1559::default()
                };
                let signature = signer
                    .sign_hash_sync(&transaction.signature_hash())
                    .map_err(|error| Error::Signature { reason: error.to_string() })?;
                let raw = transaction.into_signed(signature).encoded_2718();
                (METHOD, self.value(METHOD, json!([hex::encode_prefixed(raw)]))?)
            }
            Account::Node(address) => {
                const METHOD: &str = "eth_sendTransaction";
                let mut request = request(Some(*address), message);
                request["nonce"] = json!(format!("{nonce:#x}"));
                request["gas"] = json!(format!("{gas_limit:#x}"));
                request["maxFeePerGas"] = json!(format!("{:#x}", fees.maximum()));
                request["maxPriorityFeePerGas"] = json!(format!("{:#x}", fees.priority_fee));
                (METHOD, self.value(METHOD, json!([request]))?)
            }
        };
        let hash = value.as_str().and_then(|text| text.parse().ok());
        hash.ok_or_else(|| self.nonsense(method, &value, "the hash of a transaction"))
    }

    /// Waits until a transaction is in a block. A node that fails for a moment is asked again: the
    /// transaction is on its way.
    ///
    /// # Errors
    /// [`Error::NotMined`] when `wait` is over.
    pub fn wait(&self, transaction: B256, wait: Duration) -> Result<Receipt, Error> {
        let start = Instant::now();
        loop {
            let reason = match self.receipt(transaction) {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) => String::new(),
                Err(error) => format!("; {error}"),
            };
            if start.elapsed() >= wait {
                return Err(Error::NotMined {
                    transaction: transaction.to_string(),
                    seconds: wait.as_secs(),
                    reason,
                });
            }
            std::thread::sleep(POLL);
        }
    }

    fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, Error> {
        const METHOD: &str = "eth_getTransactionReceipt";
        let value = self.value(METHOD, json!([transaction]))?;
        if value.is_null() {
            return Ok(None);
        }
        let field = |name: &str| value.get(name).unwrap_or(&Value::Null);
        let data_fee = match field("l1Fee") {
            Value::Null => 0,
            fee => self.number(METHOD, fee)?,
        };
        let empty = Vec::new();
        let logs = field("logs").as_array().unwrap_or(&empty);
        let logs: Option<Vec<Log>> = logs.iter().map(log).collect();
        Ok(Some(Receipt {
            transaction,
            success: self.number::<u64>(METHOD, field("status"))? == 1,
            block: self.number(METHOD, field("blockNumber"))?,
            gas_used: self.number(METHOD, field("gasUsed"))?,
            gas_price: self.number(METHOD, field("effectiveGasPrice"))?,
            data_fee,
            contract: field("contractAddress").as_str().and_then(|text| text.parse().ok()),
            logs: logs.ok_or_else(|| self.nonsense(METHOD, field("logs"), "a list of events"))?,
        }))
    }
}

fn log(value: &Value) -> Option<Log> {
    let topics = value.get("topics")?.as_array()?;
    Some(Log {
        address: value.get("address")?.as_str()?.parse().ok()?,
        topics: topics.iter().map(|topic| topic.as_str()?.parse().ok()).collect::<Option<_>>()?,
        data: decoded(value.get("data")?)?,
    })
}

/// A JSON-RPC quantity.
pub(crate) fn quantity(value: &Value) -> Option<U256> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    if digits.is_empty() || digits.len() > 64 {
        return None;
    }
    U256::from_str_radix(digits, 16).ok()
}

/// Bytes in hexadecimal after 0x.
pub(crate) fn decoded(value: &Value) -> Option<Bytes> {
    hex::decode(value.as_str()?.strip_prefix("0x")?).ok().map(Bytes::from)
}

fn request(from: Option<Address>, message: &Message) -> Value {
    let mut request = json!({ "data": message.data });
    if let Some(to) = message.to {
        request["to"] = json!(to);
    }
    if let Some(from) = from {
        request["from"] = json!(from);
    }
    if !message.value.is_zero() {
        request["value"] = json!(format!("{:#x}", message.value));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::{Fees, decoded, log, quantity};
    use serde_json::json;

    #[test]
    fn a_transaction_offers_room_for_the_base_fee_to_double() {
        let fees = Fees { base_fee: 10, priority_fee: 3 };
        assert_eq!((fees.gas_price(), fees.maximum()), (13, 23));
        let most = Fees { base_fee: u128::MAX, priority_fee: 1 };
        assert_eq!((most.gas_price(), most.maximum()), (u128::MAX, u128::MAX));
    }

    #[test]
    fn answers_are_read_strictly() {
        assert!(quantity(&json!("0x10")).is_some() && decoded(&json!("0x")).is_some());
        for wrong in [json!("0x"), json!("10"), json!(16), json!(null), json!("0xzz")] {
            assert_eq!(quantity(&wrong), None, "{wrong}");
        }
        for wrong in [json!("00"), json!("0x0"), json!(1), json!(null), json!("0xzz")] {
            assert_eq!(decoded(&wrong), None, "{wrong}");
        }
        let address = "0x00000000000000000000000000000000000000aa";
        let topic = format!("0x{}", "1".repeat(64));
        assert!(log(&json!({ "address": address, "topics": [topic], "data": "0x01" })).is_some());
        for wrong in [
            json!({}),
            json!({ "address": address, "topics": ["0x1"], "data": "0x" }),
            json!({ "address": "0x1", "topics": [], "data": "0x" }),
            json!({ "address": address, "topics": [], "data": 1 }),
        ] {
            assert_eq!(log(&wrong), None, "{wrong}");
        }
    }
}
