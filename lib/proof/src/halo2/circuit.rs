//! A [`Description`] as a halo2 circuit: the only place where halo2's circuit traits are seen.

use hallmark_circuit::description::{Cell, Column, Description, Expression, Phase, Query, Witness};
use halo2_proofs::{
    circuit::{Cell as Halo2Cell, Layouter, SimpleFloorPlanner, Value},
    halo2curves::bn256::Fr,
    plonk::{
        Advice, Any, Challenge, Circuit, Column as Halo2Column, ConstraintSystem, Error,
        Expression as Halo2Expression, FirstPhase, Fixed, Instance, SecondPhase,
    },
    poly::Rotation,
};
use std::sync::{Arc, Mutex};

/// halo2 columns and challenges of a description.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    advice: Vec<Halo2Column<Advice>>,
    fixed: Vec<Halo2Column<Fixed>>,
    instance: Option<Halo2Column<Instance>>,
    challenges: Vec<Challenge>,
}

impl Configuration {
    fn column(&self, column: Column) -> Halo2Column<Any> {
        match (column, self.instance) {
            (Column::Advice(i), _) => self.advice[i].into(),
            (Column::Fixed(i), _) => self.fixed[i].into(),
            (Column::Instance, Some(instance)) => instance.into(),
            // `Halo2::setup` refuses descriptions that read a missing instance column.
            (Column::Instance, None) => unreachable!("checked by validate"),
        }
    }

    fn cell(&self, cell: Cell) -> Halo2Cell {
        Halo2Cell { row_offset: cell.row, column: self.column(cell.column) }
    }

    fn expression(
        &self,
        expression: &Expression,
        queries: &mut impl FnMut(Query) -> Halo2Expression<Fr>,
    ) -> Halo2Expression<Fr> {
        match expression {
            Expression::Constant(c) => Halo2Expression::Constant(*c),
            Expression::Query(q) => queries(*q),
            Expression::Challenge(i) => self.challenges[*i].expr(),
            Expression::Sum(a, b) => self.expression(a, queries) + self.expression(b, queries),
            Expression::Product(a, b) => self.expression(a, queries) * self.expression(b, queries),
            Expression::Scaled(a, c) => self.expression(a, queries) * *c,
        }
    }
}

/// The circuit with or without a witness.
#[derive(Clone, Default)]
pub(crate) struct DescribedCircuit<'w> {
    pub(crate) description: Option<Arc<Description>>,
    pub(crate) witness: Option<&'w (dyn Witness + Sync)>,
}

impl Circuit<Fr> for DescribedCircuit<'_> {
    type Config = Configuration;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Option<Arc<Description>>;

    fn params(&self) -> Self::Params {
        self.description.clone()
    }

    fn without_witnesses(&self) -> Self {
        Self { description: self.description.clone(), witness: None }
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> Configuration {
        unreachable!("configured with parameters")
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: Self::Params) -> Configuration {
        let Some(description) = params else {
            return Configuration { advice: vec![], fixed: vec![], instance: None, challenges: vec![] };
        };
        // A first-phase column must exist before a challenge can be asked for, so that all columns
        // are made first.
        let advice = description
            .advice
            .iter()
            .map(|column| match column.phase {
                Phase::First => meta.advice_column_in(FirstPhase),
                Phase::Second => meta.advice_column_in(SecondPhase),
            })
            .collect();
        let fixed = description.fixed.iter().map(|_| meta.fixed_column()).collect();
        let instance = (description.instances > 0).then(|| meta.instance_column());
        let challenges =
            description.challenges.iter().map(|_| meta.challenge_usable_after(FirstPhase)).collect();
        let configuration = Configuration { advice, fixed, instance, challenges };
        for column in &description.permutation {
            meta.enable_equality(configuration.column(*column));
        }
        for gate in &description.gates {
            meta.create_gate(gate.name.as_str(), |cells| {
                vec![configuration.expression(&gate.polynomial, &mut |query| {
                    cells.query_any(configuration.column(query.column), Rotation(query.rotation))
                })]
            });
        }
        configuration
    }

    fn synthesize(&self, config: Configuration, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let Some(description) = self.description.as_deref() else { return Ok(()) };
        layouter.assign_region(
            || "circuit",
            |mut region| {
                for (column, values) in config.fixed.iter().zip(&description.fixed_values) {
                    for (row, value) in values.iter().enumerate() {
                        if *value != Fr::zero() {
                            region.assign_fixed(*column, row, *value);
                        }
                    }
                }
                for (left, right) in &description.copies {
                    region.constrain_equal(config.cell(*left), config.cell(*right));
                }
                let Some(witness) = self.witness else { return Ok(()) };
                for (column, values) in witness.first_phase() {
                    for (row, value) in values.into_iter().enumerate() {
                        region.assign_advice(config.advice[column], row, Value::known(value));
                    }
                }
                if !description.advice.iter().any(|c| c.phase == Phase::Second) {
                    return Ok(());
                }
                region.next_phase();
                let challenges = Mutex::new(Vec::with_capacity(config.challenges.len()));
                for challenge in &config.challenges {
                    region.get_challenge(*challenge).map(|value| {
                        if let Ok(mut list) = challenges.lock() {
                            list.push(value);
                        }
                    });
                }
                let challenges = challenges.into_inner().unwrap_or_default();
                if challenges.len() != config.challenges.len() {
                    return Err(Error::Synthesis);
                }
                for (column, values) in witness.second_phase(&challenges) {
                    for (row, value) in values.into_iter().enumerate() {
                        region.assign_advice(config.advice[column], row, Value::known(value));
                    }
                }
                Ok(())
            },
        )
    }
}
