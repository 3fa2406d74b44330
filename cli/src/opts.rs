//! The command line.

use crate::context;
use alloy_primitives::{Address, U256};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use hallmark_scaffold::{Framework, Template};
use std::path::PathBuf;

/// From an ONNX model to a proof, a Solidity verifier and a Foundry project.
#[derive(Debug, Parser)]
#[command(
    name = "hallmark",
    version,
    disable_help_subcommand = true,
    after_help = "Examples:\n  \
        hallmark new demo                                  a project around an embedded model\n  \
        hallmark new pool --template lending               one with a consumer that lends\n  \
        hallmark new mine --model m.onnx --input i.json    a project around yours\n  \
        hallmark inspect m.onnx                            what it would cost, before any key is made\n  \
        hallmark --project mine build                      remakes what is stale"
)]
pub(crate) struct Opts {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Print the result and errors, nothing else.
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Say more about what is done.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Global options")]
    pub(crate) color: Color,
    /// The project's folder (default: the nearest one above that has a hallmark.toml).
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Global options")]
    pub(crate) project: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a project: model, proof, verifier, consumer, tests that pass.
    New(NewArgs),
    /// Add the same to an existing Foundry or Hardhat project, overwriting nothing.
    Init(InitArgs),
    /// Say what is in a model, what is not supported, and what a proof would cost.
    Inspect(InspectArgs),
    /// Choose scales: the cheapest circuit that is exact enough.
    Calibrate,
    /// Lay out the circuit.
    Compile,
    /// Make the keys.
    Setup,
    /// Prove an inference.
    Prove(ProveArgs),
    /// Verify a proof.
    Verify(VerifyArgs),
    /// Print what other tools need: calldata, a proof, the verifier.
    Export(ExportArgs),
    /// Remake whatever is stale, from the model to the Solidity files.
    Build(BuildArgs),
    /// Say what verification costs: by phase, on each network, against budgets.
    Gas(Box<GasArgs>),
    /// Deploy the verifier and its consumer; says what it costs unless told to send.
    Deploy(DeployArgs),
    /// Submit a bound proof to a deployed consumer; says what would happen unless told to send.
    Submit(SubmitArgs),
    /// Build what is stale, then run `forge test`, or `npx hardhat test`.
    Test(TestArgs),
    /// Run the whole pipeline on one model and measure it.
    Bench(BenchArgs),
    /// Structured reference strings.
    Srs(SrsArgs),
    /// Say what is missing on this machine, and what mends it.
    Doctor(DoctorArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Sizes of symbolic dimensions.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DimensionArgs {
    /// Size of a symbolic dimension of the model; may be repeated.
    #[arg(long = "dimension", value_name = "NAME=SIZE", value_parser = dimension)]
    pub(crate) dimensions: Vec<(String, usize)>,
}

fn dimension(text: &str) -> Result<(String, usize), String> {
    let (name, size) = text.split_once('=').ok_or("expected NAME=SIZE")?;
    match size.parse() {
        Ok(size) if size > 0 && !name.is_empty() => Ok((name.to_owned(), size)),
        _ => Err("expected NAME=SIZE with a positive whole number".into()),
    }
}

/// How exact the circuit has to be.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct AccuracyArgs {
    /// Largest error of an output, in its own units.
    #[arg(long, value_name = "E", value_parser = positive, conflicts_with = "max_rel_error")]
    pub(crate) max_abs_error: Option<f64>,
    /// Largest error of an output, relative to the largest output [default: 0.001].
    #[arg(long, value_name = "E", value_parser = positive)]
    pub(crate) max_rel_error: Option<f64>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a positive number".into()),
    }
}

/// What to make cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectiveArg {
    /// Verification gas.
    Gas,
    /// Proving time.
    Prover,
    /// Both.
    Balanced,
}

/// Whose CI a project gets a workflow for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiArg {
    /// `.github/workflows/ci.yml`
    Github,
    /// `.gitlab-ci.yml`
    Gitlab,
    /// No workflow.
    None,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ModelArgs {
    /// The model (default: the template's own, embedded).
    #[arg(long, value_name = "M.onnx", value_hint = ValueHint::FilePath)]
    pub(crate) model: Option<PathBuf>,
    /// The input to prove: JSON `{"input_data": [[…], …]}`, .npy or .npz (default: random).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "model")]
    pub(crate) input: Option<PathBuf>,
    /// Inputs to choose scales on: a JSON list of inputs (default: the input itself).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "model")]
    pub(crate) calibration: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) dimensions: DimensionArgs,
    #[command(flatten)]
    pub(crate) accuracy: AccuracyArgs,
    /// What to make cheap.
    #[arg(long, value_enum, default_value_t = ObjectiveArg::Balanced)]
    pub(crate) objective: ObjectiveArg,
    /// Whose CI to write a workflow for.
    #[arg(long, value_enum, default_value_t = CiArg::Github)]
    pub(crate) ci: CiArg,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

/// Which Solidity compiler to use.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SolcArgs {
    /// The Solidity compiler (default: environment, foundry.toml, an installed one, npm's).
    #[arg(long, value_name = "PATH", value_hint = ValueHint::ExecutablePath)]
    pub(crate) solc: Option<PathBuf>,
}

/// What the project's consumer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateArg {
    /// Records the outputs: to start from.
    Minimal,
    /// A private credit score unlocks a loan limit.
    Lending,
    /// A classifier admits accounts.
    Gate,
    /// A forecast becomes the value of a feed, with guards.
    Oracle,
    /// A risk model has weak positions closed.
    Liquidation,
    /// A policy network acts for a treasury, within limits.
    Agent,
    /// A market is settled by the proven outputs of three models.
    PredictionMarket,
}

impl From<TemplateArg> for Template {
    fn from(argument: TemplateArg) -> Self {
        match argument {
            TemplateArg::Minimal => Self::Minimal,
            TemplateArg::Lending => Self::Lending,
            TemplateArg::Gate => Self::Gate,
            TemplateArg::Oracle => Self::Oracle,
            TemplateArg::Liquidation => Self::Liquidation,
            TemplateArg::Agent => Self::Agent,
            TemplateArg::PredictionMarket => Self::PredictionMarket,
        }
    }
}

/// What the project is built and tested with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrameworkArg {
    /// Foundry: tests in Solidity.
    Foundry,
    /// Hardhat 3: tests in TypeScript, with viem.
    Hardhat,
    /// Remix: one Solidity file and a page that says what to paste.
    Remix,
}

impl From<FrameworkArg> for Framework {
    fn from(argument: FrameworkArg) -> Self {
        match argument {
            FrameworkArg::Foundry => Self::Foundry,
            FrameworkArg::Hardhat => Self::Hardhat,
            FrameworkArg::Remix => Self::Remix,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Folder to make.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// What the consumer does with an inference.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = TemplateArg::Minimal)]
    pub(crate) template: TemplateArg,
    /// What the project is built and tested with.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = FrameworkArg::Foundry)]
    pub(crate) framework: FrameworkArg,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What the consumer does with an inference.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = TemplateArg::Minimal)]
    pub(crate) template: TemplateArg,
    /// What the project is built and tested with (default: by its configuration file).
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) framework: Option<FrameworkArg>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Print what would be added (or removed, with --undo) and what would be left as it is; change
    /// nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove what `init` added here, but for what was changed since.
    #[arg(long, conflicts_with_all = ["template", "framework", "model", "ci"])]
    pub(crate) undo: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The model.
    #[arg(value_name = "M.onnx", value_hint = ValueHint::FilePath)]
    pub(crate) model: PathBuf,
    /// Inputs to choose scales on, for a closer estimate (default: random).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) dimensions: DimensionArgs,
    #[command(flatten)]
    pub(crate) accuracy: AccuracyArgs,
    /// What to make cheap.
    #[arg(long, value_enum, default_value_t = ObjectiveArg::Balanced)]
    pub(crate) objective: ObjectiveArg,
}

#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// The input to prove (default: the project's).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "out")]
    pub(crate) input: Option<PathBuf>,
    /// Where to write the proof (default: the project's cache).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// Which of several models: a name under [members] in hallmark.toml (default: the first model).
    #[arg(long, value_name = "NAME")]
    pub(crate) member: Option<String>,
    #[command(flatten)]
    pub(crate) context: ContextArgs,
}

/// What a proof is bound to: all of it, or nothing.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "context", multiple = true, requires_all = ["place", "account", "deadline", "out"])]
#[command(next_help_heading = "Context: for whom, where and until when the proof is good")]
pub(crate) struct ContextArgs {
    /// The chain.
    #[arg(long, value_name = "N", value_parser = context::number, group = "place", requires = "consumer")]
    pub(crate) chain_id: Option<U256>,
    /// The contract that may use the proof.
    #[arg(long, value_name = "ADDRESS", value_parser = context::address, requires = "chain_id")]
    pub(crate) consumer: Option<Address>,
    /// Chain and consumer from deployments/CHAIN_ID.json, which `hallmark deploy` writes.
    #[arg(long, value_name = "CHAIN_ID", group = "place", conflicts_with_all = ["chain_id", "consumer"])]
    pub(crate) deployment: Option<u64>,
    /// The account that may use it there.
    #[arg(long, value_name = "ADDRESS", value_parser = context::address)]
    pub(crate) account: Option<Address>,
    /// Which of the account's inferences it is, as the consumer counts them [default: 0].
    #[arg(long, value_name = "N", value_parser = context::number)]
    pub(crate) nonce: Option<U256>,
    /// Until when it is good, in seconds since 1970.
    #[arg(long, value_name = "UNIX_SECONDS", value_parser = context::number)]
    pub(crate) deadline: Option<U256>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The proof (default: the project's).
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) proof: Option<PathBuf>,
    /// The verifying key (default: the project's).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// Also run the verifier contract on it, in an EVM.
    #[arg(long)]
    pub(crate) evm: bool,
    /// Check a deployed verifier against this repository instead: its code, identities, the stored
    /// proof, and a tampered one [default: that of deployments/, and its consumer].
    #[arg(long, value_name = "ADDRESS", requires = "rpc_url")]
    pub(crate) address: Option<String>,
    /// Node of the chain that it is deployed on.
    #[arg(long, value_name = "URL", conflicts_with_all = ["proof", "key", "evm"])]
    pub(crate) rpc_url: Option<String>,
    /// Seconds to wait for the node.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) rpc_timeout: u64,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Artefact {
    /// Calldata of `verifyProof(bytes,uint256[])`, hex.
    Calldata,
    /// Calldata of the consumer's function that takes a proof, hex.
    Submit,
    /// Proof, public values and identities, JSON.
    Proof,
    /// The verifier contract, Solidity.
    Verifier,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// What to print.
    #[arg(value_enum)]
    pub(crate) what: Artefact,
    /// Take this proof instead of the project's; with `submit` to an ensemble one of each model.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) proof: Vec<PathBuf>,
    /// With `submit`: the consumer's function that takes the proof (default: found in the consumer).
    #[arg(long, value_name = "NAME", value_parser = function_name)]
    pub(crate) function: Option<String>,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Remake everything, stale or not.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

/// A name that a Solidity function can have.
fn function_name(text: &str) -> Result<String, String> {
    let mut characters = text.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if starts && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a function, such as `submit`".to_owned())
    }
}

/// How the result of `gas` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GasFormat {
    /// For people at a terminal.
    Table,
    /// One JSON document (as `--json`).
    Json,
    /// A comment on a pull request.
    Markdown,
}

/// Who sends transactions.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SenderArgs {
    /// Send. Without this, it is only said what would happen.
    #[arg(long, help_heading = "Sending")]
    pub(crate) broadcast: bool,
    /// Environment variable that holds the sender's private key (a name, never the key itself).
    #[arg(long, help_heading = "Sending", value_name = "NAME")]
    pub(crate) private_key_env: Option<String>,
    /// Send from an account whose key the node holds, as anvil's.
    #[arg(long, help_heading = "Sending", conflicts_with = "private_key_env")]
    pub(crate) unlocked: bool,
    /// The sending account: which of the node's, or of whom it is said what would happen.
    #[arg(long, help_heading = "Sending", value_name = "ADDRESS", value_parser = context::address)]
    pub(crate) sender: Option<Address>,
    /// Seconds to wait until a transaction is in a block.
    #[arg(long, help_heading = "Sending", value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) wait: u64,
}

#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// Node of the chain [default: none; prices on known networks are shown].
    #[arg(long, value_name = "URL")]
    pub(crate) rpc_url: Option<String>,
    /// The network that is meant: a node of another is refused. Without a node, those to price.
    #[arg(long = "network", value_name = "NETWORK", value_delimiter = ',')]
    pub(crate) networks: Vec<String>,
    /// The deployment script [default: script/Deploy.s.sol, or script/hallmark/Deploy.s.sol].
    #[arg(long, value_name = "FILE[:CONTRACT]", value_hint = ValueHint::FilePath)]
    pub(crate) script: Option<String>,
    #[command(flatten)]
    pub(crate) sender: SenderArgs,
    /// Seconds to wait for an answer of the node.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) rpc_timeout: u64,
    /// Price of a token in dollars.
    #[arg(long = "price", value_name = "SYMBOL=USD")]
    pub(crate) prices: Vec<String>,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// The proof, bound to the consumer (`hallmark prove --deployment …`); for an ensemble one of each
    /// model, in its order.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub(crate) proof: Vec<PathBuf>,
    /// Node of the chain.
    #[arg(long, value_name = "URL")]
    pub(crate) rpc_url: String,
    /// The consumer [default: that of deployments/].
    #[arg(long, value_name = "ADDRESS", value_parser = context::address)]
    pub(crate) consumer: Option<Address>,
    /// The network that is meant: a node of another is refused.
    #[arg(long, value_name = "NETWORK")]
    pub(crate) network: Option<String>,
    #[command(flatten)]
    pub(crate) sender: SenderArgs,
    /// Seconds to wait for an answer of the node.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) rpc_timeout: u64,
    /// Price of a token in dollars.
    #[arg(long = "price", value_name = "SYMBOL=USD")]
    pub(crate) prices: Vec<String>,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

/// Which networks are priced, and at which parameters.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PriceArgs {
    /// Networks to price, by name [default: those of hallmark.toml, else all live ones].
    #[arg(long = "network", value_name = "NETWORK", value_delimiter = ',')]
    pub(crate) networks: Vec<String>,
    /// Read the parameters of a network from a node; without NETWORK, its chain id tells which.
    #[arg(long = "rpc-url", value_name = "[NETWORK=]URL", help_heading = "Prices")]
    pub(crate) rpc_urls: Vec<String>,
    /// Seconds to wait for a node.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, help_heading = "Prices", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) rpc_timeout: u64,
    /// Set a parameter for this run, on every network that has it or on one.
    #[arg(long = "set", value_name = "[NETWORK.]NAME=VALUE", help_heading = "Prices")]
    pub(crate) set: Vec<String>,
    /// Price of a token in dollars.
    #[arg(long = "price", value_name = "SYMBOL=USD", help_heading = "Prices")]
    pub(crate) prices: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct GasArgs {
    #[command(flatten)]
    pub(crate) pricing: PriceArgs,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = GasFormat::Table)]
    pub(crate) format: GasFormat,

    /// Compare with the snapshot and the budgets; exit code 1 when a rule is broken.
    #[arg(long, help_heading = "Budgets", conflicts_with_all = ["snapshot", "diff"])]
    pub(crate) check: bool,
    /// Write the snapshot that `--check` compares with.
    #[arg(long, help_heading = "Budgets", conflicts_with = "diff")]
    pub(crate) snapshot: bool,
    /// By how much the snapshot may be exceeded [default: hallmark.toml's, else 0.5%].
    #[arg(long, value_name = "PERCENT", help_heading = "Budgets", requires = "check")]
    pub(crate) tolerance: Option<String>,
    /// Also write the outcome of `--check` as JUnit XML.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Budgets", requires = "check")]
    pub(crate) junit: Option<PathBuf>,
    /// Explain by phase how two snapshots or `--json` reports differ.
    #[arg(long, num_args = 2, value_names = ["A", "B"], value_hint = ValueHint::FilePath, help_heading = "Budgets")]
    pub(crate) diff: Vec<PathBuf>,

    /// Measure the consumer's transaction instead of the verifier's.
    #[arg(long, help_heading = "What is measured", conflicts_with = "contract")]
    pub(crate) consumer: bool,
    /// Measure the verifier of another model: a name under [members] in hallmark.toml.
    #[arg(long, value_name = "NAME", help_heading = "What is measured", conflicts_with_all = ["contract", "consumer", "transaction", "transactions"])]
    pub(crate) member: Option<String>,
    /// Measure a transaction that a Forge test records with `transact`.
    #[arg(long, value_name = "NAME", help_heading = "What is measured", conflicts_with_all = ["contract", "consumer"])]
    pub(crate) transaction: Option<String>,
    /// List the transactions that Forge tests record, and what each costs.
    #[arg(long, help_heading = "What is measured", conflicts_with_all = ["contract", "consumer", "transaction", "check", "snapshot", "html", "flamegraph", "folded"])]
    pub(crate) transactions: bool,
    /// Measure a call of any contract.
    #[arg(long, value_name = "FILE.sol:NAME", help_heading = "What is measured", requires = "calldata")]
    pub(crate) contract: Option<String>,
    /// Calldata of that call: hex, or a file that holds it as hex or as bytes.
    #[arg(long, value_name = "HEX|FILE", help_heading = "What is measured", requires = "contract")]
    pub(crate) calldata: Option<String>,
    /// Encoded arguments of the constructor, hex; of a consumer those after its verifier, code hash,
    /// key and SRS, encoded as if they were all.
    #[arg(long, value_name = "HEX", help_heading = "What is measured")]
    pub(crate) constructor_arguments: Option<String>,
    /// Gas limit of the transaction [default: 60,000,000].
    #[arg(long, value_name = "GAS", help_heading = "What is measured", value_parser = clap::value_parser!(u64).range(21_000..=1_000_000_000))]
    pub(crate) gas_limit: Option<u64>,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,

    /// Show totals with L1 prices at a fifth and at five times.
    #[arg(long, help_heading = "Prices")]
    pub(crate) sensitivity: bool,

    /// Show the dearest functions and lines, this many.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10", help_heading = "Detail")]
    pub(crate) lines: Option<usize>,
    /// Write a page with charts that stands by itself.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Detail")]
    pub(crate) html: Option<PathBuf>,
    /// Write a flame graph (SVG).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Detail")]
    pub(crate) flamegraph: Option<PathBuf>,
    /// Write folded stacks, one call path a line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Detail")]
    pub(crate) folded: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
    /// Arguments for `forge test` or `npx hardhat test`.
    #[arg(last = true)]
    pub(crate) forge: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The model.
    #[arg(value_name = "M.onnx", value_hint = ValueHint::FilePath)]
    pub(crate) model: PathBuf,
    /// The input (default: random).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) dimensions: DimensionArgs,
    #[command(flatten)]
    pub(crate) accuracy: AccuracyArgs,
    /// What to make cheap.
    #[arg(long, value_enum, default_value_t = ObjectiveArg::Balanced)]
    pub(crate) objective: ObjectiveArg,
    /// Seed of random inputs.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SrsArgs {
    #[command(subcommand)]
    pub(crate) command: SrsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SrsCommand {
    /// Make the development SRS of this user for circuits of 2^K rows.
    Dev {
        /// Binary logarithm of the rows.
        #[arg(short, value_parser = clap::value_parser!(u32).range(4..=24))]
        k: u32,
    },
    /// Say which SRS are there.
    Info,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) solc: SolcArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Opts::command().debug_assert();
    }

    #[test]
    fn dimensions_are_checked() {
        assert_eq!(dimension("batch=3"), Ok(("batch".into(), 3)));
        for bad in ["batch", "=3", "batch=", "batch=0", "batch=-1", "batch=x"] {
            assert!(dimension(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_context_is_whole_or_absent() {
        let address = "0x0000000000000000000000000000000000000001";
        let whole = ["--chain-id", "1", "--consumer", address, "--account", address, "--deadline", "0x10"];
        let parse = |arguments: &[&str]| {
            let all = ["hallmark", "prove", "--out", "p"].iter().chain(arguments);
            Opts::try_parse_from(all).map(|opts| match opts.command {
                Command::Prove(args) => args.context.parts(),
                _ => None,
            })
        };
        assert_eq!(parse(&[]).unwrap(), None);
        let parts = parse(&whole).unwrap().unwrap();
        assert_eq!((parts.nonce, parts.deadline[31]), ([0; 32], 16));
        let with_nonce = [&whole[..], &["--nonce", "7"]].concat();
        assert_eq!(parse(&with_nonce).unwrap().unwrap().nonce[31], 7);
        for missing in (0..whole.len()).step_by(2) {
            let mut part = whole.to_vec();
            part.drain(missing..missing + 2);
            assert!(parse(&part).is_err(), "without {}", whole[missing]);
        }
        assert!(parse(&["--nonce", "7"]).is_err());
        let nowhere = [&["hallmark", "prove"][..], &whole[..]].concat();
        assert!(Opts::try_parse_from(nowhere).is_err());
    }

    #[test]
    fn errors_must_be_positive_numbers() {
        assert_eq!(positive("1e-3"), Ok(1e-3));
        for bad in ["0", "-1", "nan", "inf", "x", ""] {
            assert!(positive(bad).is_err(), "{bad}");
        }
    }
}
