//! A chain behind a node: contracts are created, called, and remembered.
//!
//! | module | what |
//! |---|---|
//! | [`chain`] | a node's chain: code, balances, calls, transactions and their receipts |
//! | [`account`] | who sends: the holder of a private key, or an account of the node |
//! | [`script`] | the transactions that a deployment script makes, as forge writes them |
//! | [`interface`] | errors and events of contracts in words |
//! | [`book`] | what is deployed where: `deployments/<chain id>.json` |
//!
//! Calls block until they are done. Addresses of nodes often hold keys: messages show scheme, host and
//! port only. Private keys appear in no message and no `Debug`. Amounts are whole numbers of wei, times
//! are Unix seconds.

pub mod account;
pub mod book;
pub mod chain;
mod error;
pub mod interface;
pub mod script;

pub use account::Account;
pub use book::{Book, Deployed, Deployment};
pub use chain::{Block, CallAnswer, Chain, Fees, Log, Message, Receipt};
pub use error::Error;
pub use interface::Interface;
pub use script::Planned;
