//! Measures: weight in whole milligrams, length in whole micrometres; a measure that was sent keeps its unit and digits.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// A weight in milligrams, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weight(u64);

impl Weight {
    /// Exact to the milligram. What is finer, negative or zero is refused here; rounding is each carrier's rule, at its edge.
    pub fn from_kilograms(kilograms: Decimal) -> Option<Self> {
        let milligrams = kilograms.checked_mul(Decimal::from(1_000_000))?.normalize();
        (milligrams.scale() == 0 && milligrams > Decimal::ZERO).then(|| milligrams.to_u64()).flatten().map(Self)
    }

    /// The weight of `milligrams`, unless that is zero.
    pub fn from_milligrams(milligrams: u64) -> Option<Self> {
        (milligrams > 0).then_some(Self(milligrams))
    }

    /// Milligrams.
    pub fn milligrams(self) -> u64 {
        self.0
    }

    /// Kilograms, exact and without trailing zeros.
    pub fn kilograms(self) -> Decimal {
        Decimal::from_i128_with_scale(self.0.into(), 6).normalize()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kg", self.kilograms())
    }
}

/// A length in micrometres; zero is allowed, since shops send zero for "flat".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Length(u64);

impl Length {
    /// The length, rounded to the micrometre; negative or huge values are refused.
    pub fn from_centimetres(centimetres: Decimal) -> Option<Self> {
        let micrometres = centimetres.checked_mul(Decimal::from(10_000))?.round();
        if micrometres.is_sign_negative() && !micrometres.is_zero() { None } else { micrometres.to_u64().map(Self) }
    }

    /// Micrometres.
    pub fn micrometres(self) -> u64 {
        self.0
    }

    /// Centimetres, exact and without trailing zeros.
    pub fn centimetres(self) -> Decimal {
        Decimal::from_i128_with_scale(self.0.into(), 4).normalize()
    }
}

/// Length, width and height of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimensions {
    /// The first side as given.
    pub length: Length,
    /// The second side as given.
    pub width: Length,
    /// The third side as given.
    pub height: Length,
}

impl Dimensions {
    /// The three sides, longest first.
    pub fn sorted(&self) -> [Length; 3] {
        let mut sides = [self.length, self.width, self.height];
        sides.sort_unstable_by(|a, b| b.cmp(a));
        sides
    }

    /// Girth plus length as carriers limit it: the longest side plus twice each of the others, in centimetres.
    pub fn length_plus_girth(&self) -> Decimal {
        let [longest, middle, shortest] = self.sorted();
        longest.centimetres() + Decimal::TWO * (middle.centimetres() + shortest.centimetres())
    }

    /// Volume in cubic centimetres; `None` when it does not fit a decimal.
    pub fn volume_cm3(&self) -> Option<Decimal> {
        let [a, b, c] = [self.length, self.width, self.height].map(Length::centimetres);
        a.checked_mul(b)?.checked_mul(c)
    }
}

/// A number in a unit, both as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity<U> {
    /// The number, digit for digit.
    pub value: Decimal,
    /// Its unit.
    pub unit: U,
}

/// Units of weight that shops send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightUnit {
    /// Kilogram.
    Kg,
    /// Gram.
    G,
    /// Avoirdupois pound, 0.45359237 kg exactly.
    Lbs,
    /// Avoirdupois ounce, 0.028349523125 kg exactly.
    Oz,
}

impl Quantity<WeightUnit> {
    /// The weight, rounded up to the milligram (a pound is no whole number of them); `None` for zero, negative or huge.
    pub fn to_weight(self) -> Option<Weight> {
        let milligrams_a_unit = match self.unit {
            WeightUnit::Kg => Decimal::from(1_000_000),
            WeightUnit::G => Decimal::from(1_000),
            WeightUnit::Lbs => Decimal::new(45_359_237, 2),
            WeightUnit::Oz => Decimal::new(28_349_523_125, 6),
        };
        self.value.checked_mul(milligrams_a_unit)?.ceil().to_u64().and_then(Weight::from_milligrams)
    }
}

/// Units of length that shops send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LengthUnit {
    /// Millimetre.
    Mm,
    /// Centimetre.
    Cm,
    /// Metre.
    M,
    /// Yard, 0.9144 m exactly.
    Yd,
    /// Foot, 0.3048 m exactly.
    Ft,
    /// Inch, 0.0254 m exactly.
    In,
}

impl Quantity<LengthUnit> {
    /// The length, rounded to the micrometre; `None` for negative or huge.
    pub fn to_length(self) -> Option<Length> {
        let centimetres_a_unit = match self.unit {
            LengthUnit::Mm => Decimal::new(1, 1),
            LengthUnit::Cm => Decimal::ONE,
            LengthUnit::M => Decimal::ONE_HUNDRED,
            LengthUnit::Yd => Decimal::new(9144, 2),
            LengthUnit::Ft => Decimal::new(3048, 2),
            LengthUnit::In => Decimal::new(254, 2),
        };
        self.value.checked_mul(centimetres_a_unit).and_then(Length::from_centimetres)
    }
}

/// Units of volume that shops send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VolumeUnit {
    /// Cubic metre.
    M3,
    /// Cubic centimetre.
    Cm3,
    /// Litre.
    L,
    /// Millilitre.
    Ml,
    /// Gallon.
    Gal,
}

/// Three sides in one unit, as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentDimensions {
    /// The first side.
    pub length: Decimal,
    /// The second side.
    pub width: Decimal,
    /// The third side.
    pub height: Decimal,
    /// The unit of all three.
    pub unit: LengthUnit,
}

impl SentDimensions {
    /// The sides in canonical lengths; `None` when one is negative or huge.
    pub fn to_dimensions(self) -> Option<Dimensions> {
        let side = |value| Quantity { value, unit: self.unit }.to_length();
        Some(Dimensions { length: side(self.length)?, width: side(self.width)?, height: side(self.height)? })
    }
}

/// Weight, size and volume of something, as sent; each may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// The three sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<SentDimensions>,
    /// The weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Quantity<WeightUnit>>,
    /// The volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<Quantity<VolumeUnit>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_exact_to_the_milligram() {
        let kg = |text: &str| Weight::from_kilograms(text.parse().unwrap());
        assert_eq!(kg("0.000001").map(Weight::milligrams), Some(1));
        assert_eq!(kg("31.5").unwrap().to_string(), "31.5 kg");
        for refused in ["0", "-1", "0.0000001", "79228162514264337593543950335"] {
            assert_eq!(kg(refused), None, "{refused}");
        }
    }

    #[test]
    fn sent_units_convert_by_their_definition() {
        let weight =
            |value: &str, unit| Quantity { value: value.parse().unwrap(), unit }.to_weight().unwrap().milligrams();
        assert_eq!(weight("1", WeightUnit::Lbs), 453_593);
        assert_eq!(weight("1", WeightUnit::Oz), 28_350);
        assert_eq!(weight("0.1", WeightUnit::G), 100);
        let inch = Quantity { value: Decimal::ONE, unit: LengthUnit::In }.to_length().unwrap();
        assert_eq!(inch.micrometres(), 25_400);
    }
}
