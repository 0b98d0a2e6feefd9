//! The columns of a rate sheet.

/// A column of the rate sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the first line.
    pub name: &'static str,
    /// Whether the sheet must have it.
    pub is_required: bool,
    /// What stands in it.
    pub help: &'static str,
}

macro_rules! columns {
    ($($variant:ident $name:literal $is_required:literal $help:literal;)*) => {
        /// A column by name, for the reader.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Col { $($variant),* }

        /// Every column a rate sheet may have; their order in a sheet is free.
        pub const COLUMNS: &[Column] =
            &[$(Column { name: $name, is_required: $is_required, help: $help }),*];
    };
}

columns! {
    Service "service" true "the service's code: 1 to 64 letters, digits, - _ or .";
    Zone "zone" true "what people call the place; shown when nothing fits";
    Countries "countries" true "ISO 3166 codes parted by ;, or * for the rest of the world";
    PostalPrefixes "postal_prefixes" true
        "prefixes (10) or ranges (10115-10999) parted by ;, blank for the whole country; the narrowest one wins";
    MinWeight "min_weight_kg" true "the lightest billed weight of the bracket, inclusive";
    MaxWeight "max_weight_kg" true "where the bracket ends, exclusive";
    Price "price" true "the base price of one parcel";
    Currency "currency" true "the price's currency, ISO 4217";
    TransitDays "transit_days" true "days from hand-over to delivery, blank when nobody says";
    Name "name" false "what people call the service; blank takes what another line says";
    RoutingCode "routing_code" false "printed very large for sorting people";
    FuelPercent "fuel_percent" false "fuel surcharge, percent of the base price and the other surcharges";
    Surcharges "surcharges" false
        "parted by ;, each peak=1.50 (for each parcel) or residential=5% (of the base price)";
    OversizeOver "oversize_over_cm" false "a parcel whose longest side is longer costs oversize_price more";
    OversizePrice "oversize_price" false "see oversize_over_cm";
    VolumetricDivisor "volumetric_divisor" false
        "cubic centimetres a kilogram, blank for the account's; one for all lines of a service and place";
    MaxLength "max_length_cm" false "no parcel's longest side may be longer";
    MaxGirth "max_girth_cm" false "the longest side plus twice each of the others may not be longer";
    MaxParcels "max_parcels" false "no shipment may have more parcels";
    RoundTo "round_to" false "the step amounts are rounded to, such as 5; blank for the currency's minor unit";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_documented() {
        let page = include_str!("../../../../docs/rate-sheet.md");
        let missing: Vec<_> = COLUMNS.iter().filter(|column| !page.contains(&format!("`{}`", column.name))).collect();
        assert!(missing.is_empty(), "docs/rate-sheet.md says nothing of {missing:?}");
    }
}
