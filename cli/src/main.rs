//! `hallmark`: from an ONNX model to a proof, a Solidity verifier and a Foundry project.

mod args;
mod cache;
mod cmd;
mod context;
mod deployed;
mod error;
mod forge;
mod inputs;
mod measure;
mod opts;
mod output;
mod pipeline;
mod pricing;
mod project;
mod recorded;
mod settings;
mod stages;
mod subject;
mod target;

fn main() -> std::process::ExitCode {
    args::run()
}
