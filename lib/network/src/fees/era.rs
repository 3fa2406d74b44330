//! ZKsync Era: prices of its gas, for the record.
//!
//! Gas is that of EraVM, which does not follow from the gas of an EVM; so Era is not priced, but its
//! price formulas are here and tested. Source: zksync-era `core/node/fee_model` and
//! `core/lib/types/src/fee_model.rs`, mainnet configuration (July 2026).

use crate::{
    arithmetic::{checked, divisor, wide},
    error::Error,
};

/// Settings of the fee model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Least price of L2 gas in wei.
    pub minimum_l2_gas_price: u128,
    /// L1 gas that closing a batch takes.
    pub batch_overhead_l1_gas: u128,
    /// Most gas per batch.
    pub batch_gas: u128,
    /// Most bytes of public data per batch.
    pub batch_pubdata: u128,
    /// Share of the overhead that gas pays, in per cent.
    pub compute_percent: u128,
    /// Share of the overhead that public data pays, in per cent.
    pub pubdata_percent: u128,
}

impl Settings {
    /// Mainnet's.
    pub const MAINNET: Self = Self {
        minimum_l2_gas_price: 45_250_000,
        batch_overhead_l1_gas: 800_000,
        batch_gas: 200_000_000,
        batch_pubdata: 500_000,
        compute_percent: 0,
        pubdata_percent: 100,
    };
}

/// Fair prices of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FairPrices {
    /// Wei per gas.
    pub gas: u128,
    /// Wei per byte of public data.
    pub pubdata: u128,
}

/// Fair prices at this L1 gas price and price of a byte of public data on L1, in wei.
pub fn fair_prices(
    l1_gas_price: u128,
    l1_pubdata_price: u128,
    settings: &Settings,
) -> Result<FairPrices, Error> {
    const FORMULA: &str = "fair prices (Era)";
    let share = |per: u128, percent: u128, name: &'static str, added: u128| {
        let per = divisor(FORMULA, name, per)?;
        checked(FORMULA, || {
            let overhead =
                wide(l1_gas_price).checked_mul(wide(settings.batch_overhead_l1_gas))?.div_ceil(per);
            overhead.checked_mul(wide(percent))?.checked_div(wide(100_u8))?.checked_add(wide(added))
        })
    };
    Ok(FairPrices {
        gas: share(
            settings.batch_gas,
            settings.compute_percent,
            "gas per batch",
            settings.minimum_l2_gas_price,
        )?,
        pubdata: share(
            settings.batch_pubdata,
            settings.pubdata_percent,
            "pubdata per batch",
            l1_pubdata_price,
        )?,
    })
}

/// Base fee and the gas that a byte of public data costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFee {
    /// Base fee in wei.
    pub wei: u128,
    /// Gas per byte of public data.
    pub gas_per_pubdata: u128,
}

/// Base fee at these fair prices, where a byte of public data costs at most `most_gas_per_pubdata`
/// gas (50,000 on mainnet).
pub fn base_fee(prices: &FairPrices, most_gas_per_pubdata: u128) -> Result<BaseFee, Error> {
    const FORMULA: &str = "base fee (Era)";
    divisor(FORMULA, "most gas per pubdata", most_gas_per_pubdata)?;
    let wei = prices.gas.max(prices.pubdata.div_ceil(most_gas_per_pubdata));
    divisor(FORMULA, "fair gas price", wei)?;
    Ok(BaseFee { wei, gas_per_pubdata: prices.pubdata.div_ceil(wei) })
}
