//! Prices and settings that a formula is evaluated at: a dated snapshot.
//!
//! They move by a factor of five within months. So a set of parameters says when and where its values
//! were seen, which of them are assumptions, and which were set by hand.

use crate::{
    date,
    error::{Error, suggestion},
    network::{Amount, Network},
    quote::FeeModel,
};
use alloy_primitives::U256;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A parameter that a fee model knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterName {
    /// Name in files and on the command line.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Whether it follows the prices of L1.
    pub follows_l1: bool,
    /// What it is.
    pub meaning: &'static str,
}

/// Values of the parameters of one network, as of a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub(crate) network: String,
    pub(crate) model: FeeModel,
    pub(crate) as_of: String,
    pub(crate) source: String,
    pub(crate) assumed: BTreeSet<String>,
    pub(crate) overridden: BTreeSet<String>,
    pub(crate) values: BTreeMap<String, u128>,
}

/// Parameters of one network as a table of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    source: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assumed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overridden: Vec<String>,
    values: BTreeMap<String, Amount>,
}

impl Parameters {
    /// Identifier of the network that they belong to.
    pub fn network(&self) -> &str {
        &self.network
    }

    /// Date of the values, year-month-day.
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// Where the values come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Names of the values that nobody saw on the network.
    pub fn assumed(&self) -> impl Iterator<Item = &str> {
        self.assumed.iter().map(String::as_str)
    }

    /// Names of the values that were set by hand.
    pub fn overridden(&self) -> impl Iterator<Item = &str> {
        self.overridden.iter().map(String::as_str)
    }

    /// Names and values, in wei or plain numbers as [`FeeModel::parameters`] says.
    pub fn values(&self) -> impl Iterator<Item = (&str, u128)> {
        self.values.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Age in days at a Unix timestamp in seconds, where that is not before their date.
    pub fn age_at(&self, seconds: u64) -> Option<u64> {
        self.age(&date::of_timestamp(seconds))
    }

    /// Age in days on this day (year-month-day), where it is a date not before theirs.
    pub fn age(&self, today: &str) -> Option<u64> {
        date::days(today)?.checked_sub(date::days(&self.as_of)?)
    }

    /// The value of this name, where there is one.
    pub fn get(&self, name: &str) -> Option<u128> {
        self.values.get(name).copied()
    }

    /// The value of this name, which the formula needs.
    pub(crate) fn need(&self, name: &'static str) -> Result<u128, Error> {
        self.get(name).ok_or_else(|| Error::MissingParameter { network: self.network.clone(), name })
    }

    /// Sets a value by hand: from now on it counts as such, and not as an assumption.
    pub fn set(&mut self, name: &str, value: u128) -> Result<(), Error> {
        self.known(name)?;
        self.values.insert(name.to_owned(), value);
        self.assumed.remove(name);
        self.overridden.insert(name.to_owned());
        Ok(())
    }

    /// Sets a value that was read on the network.
    #[cfg(feature = "rpc")]
    pub(crate) fn observe(&mut self, name: &'static str, value: u128) {
        self.values.insert(name.to_owned(), value);
        self.assumed.remove(name);
        self.overridden.remove(name);
    }

    fn known(&self, name: &str) -> Result<(), Error> {
        let names = || self.model.parameters().iter().map(|known| known.name);
        if names().any(|known| known == name) {
            return Ok(());
        }
        Err(Error::UnknownParameter {
            network: self.network.clone(),
            name: name.to_owned(),
            suggestion: suggestion(name, names()),
            known: names().collect::<Vec<_>>().join(", "),
        })
    }

    /// The same with every price that follows L1 multiplied by a fraction, rounded down.
    ///
    /// The blob base fee tracks a sixteenth of the base fee (EIP-7918), so the prices move together
    /// and one factor is the honest sensitivity.
    pub fn scale_l1(&self, numerator: u128, denominator: u128) -> Result<Self, Error> {
        const FORMULA: &str = "scaling of L1 prices";
        let divisor = crate::arithmetic::divisor(FORMULA, "denominator", denominator)?;
        let mut scaled = self.clone();
        for parameter in self.model.parameters().iter().filter(|parameter| parameter.follows_l1) {
            if let Some(value) = scaled.values.get_mut(parameter.name) {
                *value = crate::arithmetic::checked(FORMULA, || {
                    U256::from(*value).checked_mul(U256::from(numerator))?.checked_div(divisor)
                })?;
            }
        }
        Ok(scaled)
    }

    pub(crate) fn new(
        file: &str,
        network: &str,
        model: FeeModel,
        as_of: String,
        source: String,
        assumed: Vec<String>,
        values: BTreeMap<String, Amount>,
    ) -> Result<Self, Error> {
        let field = |field: &str, reason: String| Error::Field {
            file: file.to_owned(),
            field: field.to_owned(),
            reason,
        };
        if date::days(&as_of).is_none() {
            return Err(field("as_of", format!("is `{as_of}`; a date like 2026-10-04 was expected")));
        }
        if source.trim().is_empty() {
            return Err(field("source", "is empty; say where the values were read".to_owned()));
        }
        let mut parameters = Self {
            network: network.to_owned(),
            model,
            as_of,
            source,
            assumed: BTreeSet::new(),
            overridden: BTreeSet::new(),
            values: BTreeMap::new(),
        };
        for (name, amount) in values {
            parameters.known(&name)?;
            let value = amount.value().map_err(|reason| field(&format!("values.{name}"), reason))?;
            parameters.values.insert(name, value);
        }
        for name in assumed {
            if !parameters.values.contains_key(&name) {
                return Err(field(
                    "assumed",
                    format!("names `{name}`, which has no value; add one or drop the name"),
                ));
            }
            parameters.assumed.insert(name);
        }
        for known in model.parameters() {
            if !parameters.values.contains_key(known.name) {
                return Err(field(
                    "values",
                    format!("lacks `{}` ({}, in {})", known.name, known.meaning, known.unit),
                ));
            }
        }
        Ok(parameters)
    }

    /// As a table of a TOML file, headed with the network's identifier.
    pub fn to_toml(&self) -> Result<String, Error> {
        write_toml([self])
    }

    /// The parameters of `network` in the text of a TOML file with a table per network identifier, or
    /// none where the file does not have that table. `file` is its name, for messages.
    pub fn from_toml(file: &str, text: &str, network: &Network) -> Result<Option<Self>, Error> {
        let tables: BTreeMap<String, Table> = toml::from_str(text)
            .map_err(|error| Error::File { file: file.to_owned(), reason: error.to_string() })?;
        let Some(table) = tables.get(&network.id).cloned() else { return Ok(None) };
        let Table { as_of, source, assumed, overridden, values } = table;
        let location = format!("{file}, [{}]", network.id);
        let mut parameters =
            Self::new(&location, &network.id, network.fee_model, as_of, source, assumed, values)?;
        for name in overridden {
            parameters.known(&name)?;
            parameters.overridden.insert(name);
        }
        Ok(Some(parameters))
    }
}

/// The text of a TOML file with a table per network, in the order of their identifiers.
pub fn write_toml<'a>(all: impl IntoIterator<Item = &'a Parameters>) -> Result<String, Error> {
    let tables: BTreeMap<&str, Table> = all
        .into_iter()
        .map(|parameters| {
            let table = Table {
                as_of: parameters.as_of.clone(),
                source: parameters.source.clone(),
                assumed: parameters.assumed.iter().cloned().collect(),
                overridden: parameters.overridden.iter().cloned().collect(),
                values: parameters
                    .values
                    .iter()
                    .map(|(name, value)| (name.clone(), Amount::from(*value)))
                    .collect(),
            };
            (parameters.network.as_str(), table)
        })
        .collect();
    toml::to_string(&tables)
        .map_err(|error| Error::File { file: "parameters".to_owned(), reason: error.to_string() })
}
