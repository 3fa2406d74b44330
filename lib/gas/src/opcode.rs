//! Names and classes of instructions.

use serde::{Deserialize, Serialize};

/// What an instruction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpcodeClass {
    /// ADD … SIGNEXTEND, without the two below.
    Arithmetic,
    /// ADDMOD, MULMOD: the field arithmetic of a verifier.
    ModularArithmetic,
    /// Comparisons, bitwise logic, shifts.
    Logic,
    /// KECCAK256.
    Keccak,
    /// CALLDATALOAD, CALLDATASIZE, CALLDATACOPY.
    Calldata,
    /// Other facts on the transaction, the block, accounts and code.
    Environment,
    /// MLOAD, MSTORE, MSTORE8, MSIZE, MCOPY.
    Memory,
    /// SLOAD, SSTORE, TLOAD, TSTORE.
    Storage,
    /// Jumps, JUMPDEST, PC, GAS, and what ends a call.
    ControlFlow,
    /// PUSH, POP, DUP, SWAP, EXCHANGE.
    Stack,
    /// LOG0 … LOG4.
    Log,
    /// CALL, STATICCALL, DELEGATECALL, CREATE, …: the instruction alone, not what it runs.
    Call,
    /// Not an instruction.
    Invalid,
}

impl OpcodeClass {
    /// The class of an opcode.
    pub const fn of(opcode: u8) -> Self {
        match opcode {
            0x08 | 0x09 => Self::ModularArithmetic,
            0x01..=0x0b => Self::Arithmetic,
            0x10..=0x1e => Self::Logic,
            0x20 => Self::Keccak,
            0x35..=0x37 => Self::Calldata,
            0x30..=0x4b => Self::Environment,
            0x51..=0x53 | 0x59 | 0x5e => Self::Memory,
            0x54 | 0x55 | 0x5c | 0x5d => Self::Storage,
            0x00 | 0x56..=0x58 | 0x5a | 0x5b | 0xf3 | 0xfd | 0xfe => Self::ControlFlow,
            0x50 | 0x5f..=0x9f | 0xe6..=0xe8 => Self::Stack,
            0xa0..=0xa4 => Self::Log,
            0xf0..=0xf2 | 0xf4 | 0xf5 | 0xfa | 0xff => Self::Call,
            _ => Self::Invalid,
        }
    }

    /// Name for tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arithmetic => "arithmetic",
            Self::ModularArithmetic => "modular arithmetic",
            Self::Logic => "logic",
            Self::Keccak => "keccak",
            Self::Calldata => "calldata",
            Self::Environment => "environment",
            Self::Memory => "memory",
            Self::Storage => "storage",
            Self::ControlFlow => "control flow",
            Self::Stack => "stack",
            Self::Log => "log",
            Self::Call => "call",
            Self::Invalid => "invalid",
        }
    }
}

/// Mnemonic of an opcode, or its number when it has none.
pub fn opcode_name(opcode: u8) -> String {
    revm::bytecode::opcode::OpCode::name_by_op(opcode).strip_prefix("Unknown").map_or_else(
        || revm::bytecode::opcode::OpCode::name_by_op(opcode).to_owned(),
        |_| format!("0x{opcode:02x}"),
    )
}
