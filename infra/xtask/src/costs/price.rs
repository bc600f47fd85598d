//! The prices, each with its source and the date on which it was read.
//!
//! Must not know: what is bought.

use anyhow::{Context, Result, ensure};

use crate::toml;

/// The price of one thing.
#[derive(Debug, PartialEq)]
pub struct Price {
    pub name: String,
    pub what: String,
    /// USD for `per` pieces.
    pub usd: f64,
    pub per: f64,
    pub source: String,
    pub read: String,
    /// Whether it was read at AWS itself.
    pub is_verified: bool,
}

/// Every price.
pub struct Prices(pub Vec<Price>);

impl Prices {
    /// Reads the list.
    ///
    /// # Errors
    /// An entry lacks a field, or a number is not above zero.
    pub fn parse(text: &str) -> Result<Self> {
        let tables = toml::tables(text)?;
        let prices = tables.iter().map(price).collect::<Result<Vec<_>>>()?;
        Ok(Self(prices))
    }

    /// USD for one piece.
    ///
    /// # Errors
    /// There is no such price.
    pub fn of(&self, name: &str) -> Result<f64> {
        let price = self.0.iter().find(|price| price.name == name);
        let price = price.with_context(|| format!("there is no price {name}"))?;
        Ok(price.usd / price.per)
    }
}

fn price(table: &toml::Table) -> Result<Price> {
    let text = |key: &str| table.text(key).map(str::to_owned);
    let number = |key: &str| -> Result<f64> {
        let value: f64 = table.text(key)?.parse().with_context(|| key.to_owned())?;
        ensure!(value > 0.0, "{key} is not above zero: {table:?}");
        Ok(value)
    };
    Ok(Price {
        name: text("name")?,
        what: text("what")?,
        usd: number("usd")?,
        per: number("per")?,
        source: text("source")?,
        read: text("read")?,
        is_verified: table.text("verified")? == "true",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[[price]]\nname = \"write\"\nwhat = \"a write\"\nusd = 2.5\nper = 1000\n\
                       source = \"page\"\nread = \"2026-01-02\"\nverified = false\n";

    #[test]
    fn a_price_is_for_one_piece() {
        let prices = Prices::parse(ONE).expect("read the price");
        assert_eq!(prices.of("write").expect("it is there"), 0.0025);
        assert!(prices.of("read").is_err());
        assert!(!prices.0[0].is_verified);
    }

    #[test]
    fn an_incomplete_price_is_an_error() {
        assert!(Prices::parse(&ONE.replace("source = \"page\"\n", "")).is_err());
        assert!(Prices::parse(&ONE.replace("per = 1000", "per = 0")).is_err());
    }
}
