//! Shares: a sum divided so that the parts add up to it exactly.

use rust_decimal::prelude::ToPrimitive;

use crate::money::{Decimal, Money};

/// Divides a whole number by these weights. Each part is rounded down, and what is left goes one by one to the parts with
/// the largest remainders, the earlier of two equal ones first. Without any weight the parts are alike; without parts
/// there is nothing to divide.
pub fn divide(sum: u64, weights: &[u64]) -> Vec<u64> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if all == 0 {
        return if weights.is_empty() { Vec::new() } else { divide(sum, &vec![1; weights.len()]) };
    }
    let exact: Vec<u128> = weights.iter().map(|weight| u128::from(sum) * u128::from(*weight)).collect();
    let mut parts: Vec<u64> = exact.iter().map(|exact| u64::try_from(exact / all).unwrap_or(u64::MAX)).collect();
    let given: u128 = parts.iter().map(|part| u128::from(*part)).sum();
    let mut places: Vec<usize> = (0..parts.len()).collect();
    places.sort_by_key(|place| (std::cmp::Reverse(exact[*place] % all), *place));
    let left = usize::try_from(u128::from(sum) - given).unwrap_or_default();
    for place in places.into_iter().take(left) {
        parts[place] += 1;
    }
    parts
}

/// The same for money that is not negative, in hundredths or in the finer unit it was written in; `None` when it is too
/// large for that.
pub fn divide_money(sum: Money, weights: &[u64]) -> Option<Vec<Money>> {
    let places = sum.amount.normalize().scale().max(2);
    let unit = Decimal::from(10_u64.checked_pow(places)?);
    let parts = divide(sum.amount.checked_mul(unit)?.to_u64()?, weights);
    let money = |part: u64| Money::new(Decimal::from_i128_with_scale(part.into(), places), sum.currency);
    Some(parts.into_iter().map(money).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    #[test]
    fn d3_what_is_left_goes_to_the_largest_remainders() {
        assert_eq!(divide(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(divide(7, &[2, 3]), [3, 4]);
        assert_eq!(divide(5, &[0, 1]), [0, 5]);
        assert_eq!(divide(5, &[0, 0]), [3, 2]);
        assert_eq!(divide(5, &[]), [] as [u64; 0]);
        let sum = Money::new("999.99".parse().unwrap(), Currency::new("EUR").unwrap());
        let parts: Vec<_> = divide_money(sum, &[4, 1]).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(parts, ["799.99 EUR", "200.00 EUR"]);
    }

    proptest! {
        #[test]
        fn d3_parts_add_up_to_the_sum(sum: u64, weights in proptest::collection::vec(0_u64..1 << 40, 1..50)) {
            let parts = divide(sum, &weights);
            prop_assert_eq!(parts.iter().map(|part| u128::from(*part)).sum::<u128>(), u128::from(sum));
            prop_assert_eq!(parts.len(), weights.len());
        }
    }
}
