//! Parameters read from a node of the network.
//!
//! Everything is read from state and the latest header, by `eth_chainId`, `eth_getBlockByNumber`,
//! `eth_getStorageAt` and `eth_call`: no account, key or archive is needed, and nothing is sent. Calls
//! block until they are done. Addresses of nodes often hold keys; messages show scheme, host and port
//! only.
//!
//! | networks | read from |
//! |---|---|
//! | all | base fee of the latest header |
//! | Ethereum | blob base fee from `excessBlobGas` of the header (EIP-4844 with the fraction of EIP-8135) |
//! | OP Stack, Mantle | slots 1, 3, 7 and 8 of L1Block (`L1Block.sol`) |
//! | Mantle | `tokenRatio()` of GasPriceOracle |
//! | Arbitrum | `getL1BaseFeeEstimate()` and `getMinimumGasPrice()` of ArbGasInfo |
//! | Scroll | slots 1, 5, 6, 7, 10 and 12 of L1GasPriceOracle |
//! | Linea | extra data of the header |
//!
//! What is not read (priority fees, Linea's margin) keeps the network's default.

use crate::{
    arithmetic::narrow,
    date,
    error::Error,
    fees::{ethereum::BlobSchedule, linea::ExtraData},
    network::{Network, Networks, Status},
    parameters::Parameters,
    quote::FeeModel,
};
use alloy_primitives::{Address, U256, address, hex, keccak256};
use alloy_provider::{
    Provider, ProviderBuilder, RootProvider,
    transport::{TransportError, TransportErrorKind},
};
use serde_json::{Value, json};
use std::{future::Future, time::Duration};
use url::Url;

/// L1Block of the OP Stack.
pub const L1_BLOCK: Address = address!("0x4200000000000000000000000000000000000015");
/// GasPriceOracle of the OP Stack.
pub const GAS_PRICE_ORACLE: Address = address!("0x420000000000000000000000000000000000000F");
/// ArbGasInfo of Nitro.
pub const ARB_GAS_INFO: Address = address!("0x000000000000000000000000000000000000006C");
/// L1GasPriceOracle of Scroll.
pub const L1_GAS_PRICE_ORACLE: Address = address!("0x5300000000000000000000000000000000000002");

/// Current parameters of `network`, from the node at `url`, within `timeout` for all requests
/// together.
///
/// The chain id is checked first. Nothing is changed in place: on an error the caller's parameters
/// are what they were.
pub fn refresh(network: &Network, url: &str, timeout: Duration) -> Result<Parameters, Error> {
    if network.status == Status::Unsupported || network.fee_model == FeeModel::Era {
        return Err(Error::Unsupported {
            name: network.name.clone(),
            reason: network
                .status_reason
                .clone()
                .unwrap_or_else(|| "its gas is not that of an EVM".to_owned()),
            calldata_bytes: 0,
        });
    }
    let node = Node::new(url)?;
    block_on(&node.shown, timeout, async {
        let found = node.chain_id().await?;
        if found != network.chain_id {
            let name = Networks::shipped().ok().and_then(|networks| {
                networks.by_chain_id(found).ok().map(|known| format!(" ({}, `{}`)", known.name, known.id))
            });
            return Err(Error::WrongChain {
                url: node.shown.clone(),
                network: network.id.clone(),
                expected: network.chain_id,
                found,
                found_name: name.unwrap_or_default(),
            });
        }
        Reading { node: &node, network }.parameters().await
    })
}

/// Chain id of the node at `url`.
pub fn identify(url: &str, timeout: Duration) -> Result<u64, Error> {
    let node = Node::new(url)?;
    block_on(&node.shown, timeout, node.chain_id())
}

/// What a node answers to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The result.
    Value(Value),
    /// An error response.
    Refused {
        /// Its code.
        code: i64,
        /// What the node says, without anything of its address that may be a key.
        message: String,
        /// Data of a revert, where the node gives it.
        data: Option<Vec<u8>>,
    },
}

/// Sends one request to the node at `url`. An error response is an answer; everything else that is no
/// JSON-RPC is an error.
pub fn request(
    url: &str,
    method: &'static str,
    parameters: Value,
    timeout: Duration,
) -> Result<Answer, Error> {
    let node = Node::new(url)?;
    block_on(&node.shown, timeout, async {
        use alloy_provider::transport::RpcError;
        match node.provider.raw_request::<_, Value>(method.into(), parameters).await {
            Ok(value) => Ok(Answer::Value(value)),
            Err(RpcError::NullResp) => Ok(Answer::Value(Value::Null)),
            Err(RpcError::ErrorResp(payload)) => Ok(Answer::Refused {
                code: payload.code,
                message: node.clean(&payload.message),
                data: payload.as_revert_data().map(|data| data.to_vec()),
            }),
            Err(error) => Err(node.failed(method, error)),
        }
    })
}

/// The node's address for messages: scheme, host and port; whatever may be a key is `…`.
pub fn shown(url: &str) -> Result<String, Error> {
    Node::new(url).map(|node| node.shown)
}

/// `text`, which may be of another program, without anything of the node's address that may be a key.
pub fn without_secrets(url: &str, text: &str) -> Result<String, Error> {
    Node::new(url).map(|node| node.clean(text))
}

/// Runs `work` to its end or to the time limit, on a thread of its own: a runtime inside a caller's
/// runtime would panic.
fn block_on<T: Send>(
    shown: &str,
    timeout: Duration,
    work: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let failed = |reason: String| Error::Runtime { reason };
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let result = runtime.block_on(async { tokio::time::timeout(timeout, work).await });
        // A look-up of a host name may hang beyond the limit; it is left behind.
        runtime.shutdown_background();
        result.unwrap_or_else(|_| {
            Err(Error::Timeout { url: shown.to_owned(), milliseconds: timeout.as_millis() })
        })
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("rpc".to_owned()).spawn_scoped(scope, run);
        let thread = thread.map_err(|error| failed(error.to_string()))?;
        thread.join().unwrap_or_else(|_| Err(failed("the thread of the requests failed".to_owned())))
    })
}

/// An address for messages: scheme, host and port; whatever may be a key is `…`.
fn redacted(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
    format!("{}://{host}{port}{}", url.scheme(), if more { "/…" } else { "" })
}

/// At most 120 characters of an answer, on one line.
fn shortened(text: &str) -> String {
    let line: String =
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let line = line.trim();
    if line.is_empty() {
        return "nothing".to_owned();
    }
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(120).collect();
    if characters.next().is_some() { format!("`{start}…`") } else { format!("`{start}`") }
}

struct Node {
    provider: RootProvider,
    shown: String,
    /// The parts of the address that must not be shown, longest first.
    secrets: Vec<String>,
}

impl Node {
    fn new(url: &str) -> Result<Self, Error> {
        let wrong =
            |shown: &str, reason: &str| Error::Address { url: shown.to_owned(), reason: reason.to_owned() };
        // What does not parse may still hold a key.
        let parsed = Url::parse(url.trim()).map_err(|error| wrong("…", &error.to_string()))?;
        let shown = redacted(&parsed);
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong(&shown, "only http and https are supported"));
        }
        let client = reqwest::Client::builder()
            .build()
            .map_err(|error| Error::Runtime { reason: error.to_string() })?;
        let path = parsed.path().trim_matches('/').to_owned();
        let mut secrets = vec![parsed.as_str().to_owned(), url.trim().to_owned(), path];
        secrets.extend([parsed.query(), parsed.password()].into_iter().flatten().map(str::to_owned));
        secrets.push(parsed.username().to_owned());
        secrets.retain(|secret| secret.len() >= 4 && *secret != shown && *secret != format!("{shown}/"));
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Ok(Self { provider: ProviderBuilder::default().connect_reqwest(client, parsed), shown, secrets })
    }

    /// `text` without anything of the address that may be a key.
    fn clean(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "…"))
    }

    fn nonsense(&self, call: &str, found: &str, expected: &str) -> Error {
        Error::Nonsense {
            url: self.shown.clone(),
            call: call.to_owned(),
            found: shortened(&self.clean(found)),
            expected: expected.to_owned(),
        }
    }

    async fn request(&self, method: &'static str, parameters: Value, call: &str) -> Result<Value, Error> {
        use alloy_provider::transport::RpcError;
        match self.provider.raw_request::<_, Value>(method.into(), parameters).await {
            Ok(value) => Ok(value),
            Err(RpcError::NullResp) => Ok(Value::Null),
            Err(RpcError::ErrorResp(payload)) => {
                Err(self.nonsense(call, &format!("error {}: {}", payload.code, payload.message), "an answer"))
            }
            Err(error) => Err(self.failed(call, error)),
        }
    }

    /// Why no response could be had.
    fn failed(&self, call: &str, error: TransportError) -> Error {
        use alloy_provider::transport::RpcError;
        let unreachable =
            |reason: &str| Error::Unreachable { url: self.shown.clone(), reason: self.clean(reason) };
        match error {
            RpcError::DeserError { text, .. } => self.nonsense(call, &text, "JSON-RPC"),
            RpcError::Transport(TransportErrorKind::HttpError(error)) => {
                let body = shortened(&self.clean(&error.body));
                unreachable(&format!("HTTP status {}, with {body}", error.status))
            }
            // What is not of the connection is of what came over it.
            error if !of_connection(&error) => {
                self.nonsense(call, &root_cause(&error), "a JSON-RPC response")
            }
            error => unreachable(&root_cause(&error)),
        }
    }

    async fn chain_id(&self) -> Result<u64, Error> {
        let answer = self.request("eth_chainId", json!([]), "eth_chainId").await?;
        let value = quantity(&answer).and_then(|value| u64::try_from(value).ok());
        value.ok_or_else(|| {
            self.nonsense("eth_chainId", &answer.to_string(), "a hexadecimal number of 64 bits")
        })
    }
}

/// The innermost error: outer ones repeat the address.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Whether sending or receiving failed.
fn of_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<reqwest::Error>())
}

/// A JSON-RPC quantity or word.
fn quantity(value: &Value) -> Option<U256> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    if digits.is_empty() || digits.len() > 64 {
        return None;
    }
    U256::from_str_radix(digits, 16).ok()
}

/// Bits `from..from + length` of a word, counted from the lowest.
fn bits(word: U256, from: usize, length: usize) -> Option<u128> {
    narrow((word >> from) & ((U256::from(1) << length) - U256::from(1)))
}

struct Reading<'a> {
    node: &'a Node,
    network: &'a Network,
}

impl Reading<'_> {
    async fn parameters(&self) -> Result<Parameters, Error> {
        const CALL: &str = "eth_getBlockByNumber";
        let header = self.node.request(CALL, json!(["latest", false]), CALL).await?;
        let field = |name: &str| -> Result<u128, Error> {
            let value = header.get(name).unwrap_or(&Value::Null);
            quantity(value).and_then(narrow).ok_or_else(|| {
                self.node.nonsense(&format!("{CALL}, {name}"), &value.to_string(), "a hexadecimal number")
            })
        };
        let mut parameters = self.network.parameters.clone();
        let number = field("number")?;
        let timestamp = field("timestamp")?;
        let seconds = u64::try_from(timestamp).map_err(|_| {
            self.node.nonsense(&format!("{CALL}, timestamp"), &timestamp.to_string(), "a time of 64 bits")
        })?;
        parameters.observe("base_fee", field("baseFeePerGas")?);
        match self.network.fee_model {
            FeeModel::Ethereum => {
                let excess = field("excessBlobGas")?;
                let excess = u64::try_from(excess).map_err(|_| {
                    self.node.nonsense(
                        &format!("{CALL}, excessBlobGas"),
                        &excess.to_string(),
                        "a number of 64 bits",
                    )
                })?;
                parameters.observe("blob_base_fee", BlobSchedule::BPO2.base_fee(excess)?);
            }
            FeeModel::Optimism => self.l1_block(&mut parameters).await?,
            FeeModel::Mantle => {
                self.l1_block(&mut parameters).await?;
                let ratio = self.call(GAS_PRICE_ORACLE, "GasPriceOracle", "tokenRatio()").await?;
                parameters.observe("token_ratio", ratio);
            }
            FeeModel::Arbitrum => {
                let price = self.call(ARB_GAS_INFO, "ArbGasInfo", "getL1BaseFeeEstimate()").await?;
                let minimum = self.call(ARB_GAS_INFO, "ArbGasInfo", "getMinimumGasPrice()").await?;
                parameters.observe("price_per_unit", price);
                parameters.observe("minimum_base_fee", minimum);
            }
            FeeModel::Scroll => self.scroll_oracle(&mut parameters).await?,
            FeeModel::Linea => {
                let extra = header.get("extraData").unwrap_or(&Value::Null);
                let bytes = extra.as_str().and_then(|text| hex::decode(text).ok());
                let data = bytes.as_deref().and_then(ExtraData::decode).ok_or_else(|| {
                    let expected = "0x01 and three numbers of four bytes";
                    self.node.nonsense(&format!("{CALL}, extraData"), &extra.to_string(), expected)
                })?;
                parameters.observe("fixed_cost", data.fixed_cost);
                parameters.observe("variable_cost", data.variable_cost);
            }
            FeeModel::Polygon | FeeModel::Taiko | FeeModel::Era => {}
        }
        parameters.as_of = date::of_timestamp(seconds);
        parameters.source = format!("block {number} of {}", self.node.shown);
        parameters.overridden.clear();
        Ok(parameters)
    }

    fn missing(&self, contract: &'static str, address: Address, found: &str) -> Error {
        Error::MissingPredeploy {
            url: self.node.shown.clone(),
            network: self.network.id.clone(),
            contract,
            address: address.to_string(),
            found: found.to_owned(),
        }
    }

    async fn slot(&self, address: Address, contract: &str, slot: u64) -> Result<U256, Error> {
        let call = format!("eth_getStorageAt, slot {slot} of {contract}");
        let parameters = json!([address.to_string(), format!("{slot:#x}"), "latest"]);
        let answer = self.node.request("eth_getStorageAt", parameters, &call).await?;
        quantity(&answer).ok_or_else(|| self.node.nonsense(&call, &answer.to_string(), "a word of 32 bytes"))
    }

    fn amount(&self, contract: &str, slot: u64, word: U256) -> Result<u128, Error> {
        let call = format!("eth_getStorageAt, slot {slot} of {contract}");
        narrow(word).ok_or_else(|| self.node.nonsense(&call, &word.to_string(), "a number of 128 bits"))
    }

    async fn call(&self, address: Address, contract: &'static str, signature: &str) -> Result<u128, Error> {
        let call = format!("eth_call, {signature} of {contract}");
        let selector: String =
            keccak256(signature.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let parameters = json!([{ "to": address.to_string(), "data": format!("0x{selector}") }, "latest"]);
        let answer = self.node.request("eth_call", parameters, &call).await?;
        if answer == "0x" {
            return Err(self.missing(contract, address, "there is no code"));
        }
        let word = quantity(&answer).and_then(narrow);
        word.ok_or_else(|| self.node.nonsense(&call, &answer.to_string(), "a word with a number of 128 bits"))
    }

    /// `L1Block.sol`: base fee in slot 1, the scalars in bytes 16 to 24 of slot 3, blob base fee in slot
    /// 7; in slot 8 the scalar of the data footprint, the operator fee's scalar and its constant in
    /// bytes 18 to 20, 20 to 24 and 24 to 32. Bytes count from the most significant.
    async fn l1_block(&self, parameters: &mut Parameters) -> Result<(), Error> {
        const CONTRACT: &str = "L1Block";
        let base_fee = self.slot(L1_BLOCK, CONTRACT, 1).await?;
        let scalars = self.slot(L1_BLOCK, CONTRACT, 3).await?;
        if base_fee.is_zero() {
            return Err(self.missing(CONTRACT, L1_BLOCK, "the L1 base fee in slot 1 is 0"));
        }
        let field = |slot: u64, word: U256, from: usize, length: usize| {
            bits(word, from, length).ok_or_else(|| {
                let call = format!("eth_getStorageAt, slot {slot} of {CONTRACT}");
                self.node.nonsense(&call, &word.to_string(), "packed numbers")
            })
        };
        let base_fee_scalar = field(3, scalars, 96, 32)?;
        let blob_base_fee_scalar = field(3, scalars, 64, 32)?;
        if base_fee_scalar == 0 && blob_base_fee_scalar == 0 {
            return Err(self.missing(CONTRACT, L1_BLOCK, "both fee scalars in slot 3 are 0"));
        }
        let blob_base_fee = self.slot(L1_BLOCK, CONTRACT, 7).await?;
        let operator = self.slot(L1_BLOCK, CONTRACT, 8).await?;
        parameters.observe("l1_base_fee", self.amount(CONTRACT, 1, base_fee)?);
        parameters.observe("blob_base_fee", self.amount(CONTRACT, 7, blob_base_fee)?);
        parameters.observe("base_fee_scalar", base_fee_scalar);
        parameters.observe("blob_base_fee_scalar", blob_base_fee_scalar);
        parameters.observe("operator_fee_scalar", field(8, operator, 64, 32)?);
        parameters.observe("operator_fee_constant", field(8, operator, 0, 64)?);
        parameters.observe("da_footprint_gas_scalar", field(8, operator, 96, 16)?);
        Ok(())
    }

    async fn scroll_oracle(&self, parameters: &mut Parameters) -> Result<(), Error> {
        const CONTRACT: &str = "L1GasPriceOracle";
        const SLOTS: [(u64, &str); 5] = [
            (1, "l1_base_fee"),
            (5, "blob_base_fee"),
            (6, "commit_scalar"),
            (7, "blob_scalar"),
            (10, "penalty_factor"),
        ];
        let mut words = Vec::with_capacity(SLOTS.len());
        for (slot, name) in SLOTS {
            let word = self.slot(L1_GAS_PRICE_ORACLE, CONTRACT, slot).await?;
            words.push((name, self.amount(CONTRACT, slot, word)?));
        }
        let zero = |wanted: &str| words.iter().any(|(name, value)| *name == wanted && *value == 0);
        if zero("l1_base_fee") || zero("commit_scalar") {
            return Err(self.missing(
                CONTRACT,
                L1_GAS_PRICE_ORACLE,
                "base fee or commit scalar in slots 1 and 6 are 0",
            ));
        }
        if self.slot(L1_GAS_PRICE_ORACLE, CONTRACT, 12).await?.is_zero() {
            let call = format!("eth_getStorageAt, slot 12 of {CONTRACT}");
            return Err(self.node.nonsense(&call, "0", "1, as since Galileo, whose formula this is,"));
        }
        for (name, value) in words {
            parameters.observe(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, bits, quantity, shortened};
    use alloy_primitives::U256;
    use serde_json::json;

    #[test]
    fn addresses_are_shown_without_what_may_be_a_key() {
        let shown = |url: &str| Node::new(url).map(|node| node.shown).map_err(|error| error.to_string());
        assert_eq!(shown("http://localhost:8545").unwrap(), "http://localhost:8545");
        assert_eq!(shown("https://node.example/v3/SECRET").unwrap(), "https://node.example/…");
        assert_eq!(shown("https://user:SECRET@node.example/?key=SECRET").unwrap(), "https://node.example/…");
        for wrong in ["ftp://user:SECRET@node.example/SECRET", "SECRET", "", "http://", "https://[SECRET"] {
            let error = shown(wrong).unwrap_err();
            assert!(!error.contains("SECRET"), "{error}");
        }
        let node = Node::new("https://user:PASSWORD@node.example/v3/SECRET?key=TOKEN").unwrap();
        let text = node.clean(
            "no https://user:PASSWORD@node.example/v3/SECRET?key=TOKEN or v3/SECRET, key=TOKEN, PASSWORD",
        );
        for secret in ["SECRET", "TOKEN", "PASSWORD"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    #[test]
    fn answers_are_read_strictly() {
        assert_eq!(quantity(&json!("0x10")), Some(U256::from(16)));
        for wrong in [
            json!("0x"),
            json!("10"),
            json!(16),
            json!(null),
            json!("0xzz"),
            json!(format!("0x{}", "0".repeat(65))),
        ] {
            assert_eq!(quantity(&wrong), None, "{wrong}");
        }
        assert_eq!(bits(U256::MAX, 64, 32), Some(0xffff_ffff));
        assert_eq!(bits(U256::from(5) << 96, 96, 16), Some(5));
        assert_eq!(shortened("\n"), "nothing");
        assert_eq!(shortened(&"ä".repeat(200)).chars().count(), 123);
    }
}
