//! Code 128: ASCII in the fewest symbols.
//!
//! Source: ISO/IEC 15417; for GS1-128 the GS1 General Specifications, section 5.4.

/// Stands for FNC1 in data, which is otherwise ASCII.
pub(crate) const FNC1: u8 = 0xF1;

/// Symbol values with a meaning of their own.
pub(crate) mod values {
    pub(crate) const SHIFT: u8 = 98;
    pub(crate) const TO_C: u8 = 99;
    pub(crate) const TO_B: u8 = 100;
    pub(crate) const TO_A: u8 = 101;
    pub(crate) const FNC1: u8 = 102;
    pub(crate) const START_A: u8 = 103;
    pub(crate) const START_B: u8 = 104;
    pub(crate) const START_C: u8 = 105;
    pub(crate) const STOP: u8 = 106;
}

/// Bars and spaces of each value, in modules, a bar first; the stop pattern has a seventh.
const PATTERNS: [&[u8]; 107] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212", b"221213",
    b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221", b"223211", b"221132",
    b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221", b"312212", b"322112", b"322211",
    b"212123", b"212321", b"232121", b"111323", b"131123", b"131321", b"112313", b"132113", b"132311", b"211313",
    b"231113", b"231311", b"112133", b"112331", b"132131", b"113123", b"113321", b"133121", b"313121", b"211331",
    b"231131", b"213113", b"213311", b"213131", b"311123", b"311321", b"331121", b"312113", b"312311", b"332111",
    b"314111", b"221411", b"431111", b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214",
    b"112412", b"122114", b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111",
    b"111242", b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311", b"113141",
    b"114131", b"311141", b"411131", b"211412", b"211214", b"211232", b"2331112",
];

/// One of the three code sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Printable ASCII. First, so that it wins when A would do as well.
    B,
    /// Capitals and control characters.
    A,
    /// Pairs of digits.
    C,
}

const SETS: [Set; 3] = [Set::B, Set::A, Set::C];

/// A symbol: the values from the start to the last of the data; check and stop follow from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code128 {
    values: Vec<u8>,
}

/// What to do at one place in one set.
#[derive(Clone, Copy)]
struct Step {
    /// Symbols from here to the end.
    cost: u32,
    /// The set to go to first, if it is another one.
    set: Set,
    /// Whether the one character is taken by a shift.
    is_shifted: bool,
}

impl Code128 {
    /// The shortest symbol of ASCII data. `None` when it is empty or holds anything but ASCII and [`FNC1`].
    pub(crate) fn new(data: &[u8]) -> Option<Self> {
        if data.is_empty() || !data.iter().all(|&byte| byte.is_ascii() || byte == FNC1) {
            return None;
        }
        // From the end: the best that can be done at each place, when in each set.
        let mut steps = vec![[Step { cost: 0, set: Set::B, is_shifted: false }; 3]; data.len() + 1];
        for place in (0..data.len()).rev() {
            let mut stay = [u32::MAX; 3];
            let mut shifted = [false; 3];
            for (index, set) in SETS.into_iter().enumerate() {
                if let Some((_, length)) = take(set, &data[place..]) {
                    stay[index] = 1 + steps[place + length][index].cost;
                } else if set != Set::C && take(other(set), &data[place..]).is_some() {
                    stay[index] = 2 + steps[place + 1][index].cost;
                    shifted[index] = true;
                }
            }
            for (index, set) in SETS.into_iter().enumerate() {
                steps[place][index] = Step { cost: stay[index], set, is_shifted: shifted[index] };
                for (target, to) in SETS.into_iter().enumerate() {
                    if stay[target] != u32::MAX && stay[target] + 1 < steps[place][index].cost {
                        steps[place][index] = Step { cost: stay[target] + 1, set: to, is_shifted: shifted[target] };
                    }
                }
            }
        }
        Some(Self::follow(data, &steps))
    }

    fn follow(data: &[u8], steps: &[[Step; 3]]) -> Self {
        let position = |set| SETS.iter().position(|&one| one == set).unwrap_or(0);
        // The set that starts costs one symbol whichever it is: one that must be left at once never wins.
        let mut set = SETS.into_iter().min_by_key(|&set| steps[0][position(set)].cost).unwrap_or(Set::B);
        let mut values = vec![match set {
            Set::A => values::START_A,
            Set::B => values::START_B,
            Set::C => values::START_C,
        }];
        let mut place = 0;
        while place < data.len() {
            let step = steps[place][position(set)];
            if step.set != set {
                set = step.set;
                values.push(match set {
                    Set::A => values::TO_A,
                    Set::B => values::TO_B,
                    Set::C => values::TO_C,
                });
            }
            let taken = if step.is_shifted {
                values.push(values::SHIFT);
                take(other(set), &data[place..])
            } else {
                take(set, &data[place..])
            };
            let Some((value, length)) = taken else { break };
            values.push(value);
            place += length;
        }
        Self { values }
    }

    /// The GS1-128 symbol of an SSCC with application identifier 00; the digits are the caller's to check.
    pub(crate) fn sscc(digits: &str) -> Option<Self> {
        let mut data = vec![FNC1, b'0', b'0'];
        data.extend_from_slice(digits.as_bytes());
        Self::new(&data)
    }

    /// Start and data, without check and stop.
    pub(crate) fn values(&self) -> &[u8] {
        &self.values
    }

    /// The check value: the start, plus each value times its place, modulo 103.
    pub(crate) fn check(&self) -> u8 {
        let sum: u64 =
            self.values.iter().enumerate().map(|(place, &value)| u64::from(value) * place.max(1) as u64).sum();
        (sum % 103) as u8
    }

    /// Widths in modules: bar, space, bar and so on, ending with a bar.
    pub(crate) fn widths(&self) -> impl Iterator<Item = u8> + '_ {
        let all = self.values.iter().copied().chain([self.check(), values::STOP]);
        all.flat_map(|value| PATTERNS[usize::from(value)].iter().map(|digit| digit - b'0'))
    }

    /// Width in modules, without quiet zones.
    pub(crate) fn modules(&self) -> usize {
        (self.values.len() + 1) * 11 + 13
    }

    /// The bars: first module and width, both in modules.
    pub(crate) fn bars(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mut at = 0;
        self.widths().enumerate().filter_map(move |(index, width)| {
            let bar = (at, u32::from(width));
            at += u32::from(width);
            (index % 2 == 0).then_some(bar)
        })
    }
}

fn other(set: Set) -> Set {
    if set == Set::A { Set::B } else { Set::A }
}

/// The value of the next character (or pair of digits) in a set, and how many bytes it takes.
fn take(set: Set, data: &[u8]) -> Option<(u8, usize)> {
    let first = *data.first()?;
    match set {
        _ if first == FNC1 => Some((values::FNC1, 1)),
        Set::C => match data {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Some(((tens - b'0') * 10 + ones - b'0', 2)),
            _ => None,
        },
        Set::A => match first {
            b' '..=b'_' => Some((first - b' ', 1)),
            0..b' ' => Some((first + 64, 1)),
            _ => None,
        },
        Set::B => (first >= b' ').then(|| (first - b' ', 1)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads values back, as a scanner does.
    fn decode(values: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut set = match values[0] {
            values::START_A => Set::A,
            values::START_B => Set::B,
            values::START_C => Set::C,
            start => panic!("{start} starts no symbol"),
        };
        let mut shifted = false;
        for &value in &values[1..] {
            let now = if std::mem::take(&mut shifted) { other(set) } else { set };
            match (now, value) {
                (_, values::FNC1) => data.push(FNC1),
                (Set::A | Set::C, values::TO_B) => set = Set::B,
                (Set::B | Set::C, values::TO_A) => set = Set::A,
                (Set::C, pair) => data.extend([b'0' + pair / 10, b'0' + pair % 10]),
                (_, values::TO_C) => set = Set::C,
                (_, values::SHIFT) => shifted = true,
                (Set::A, value @ 64..96) => data.push(value - 64),
                (_, value) => data.push(value + b' '),
            }
        }
        data
    }

    #[test]
    fn an_sscc_takes_a_start_and_eleven_symbols() {
        let code = Code128::sscc("340123450000000018").unwrap();
        assert_eq!(code.values(), [105, 102, 0, 34, 1, 23, 45, 0, 0, 0, 0, 18]);
        assert_eq!(code.modules(), 156);
        assert_eq!(code.widths().map(usize::from).sum::<usize>(), 156);
    }

    #[test]
    fn sets_change_only_where_it_pays() {
        let length = |text: &str| Code128::new(text.as_bytes()).unwrap().values().len();
        assert_eq!(length("AB12CD"), 7, "two digits stay in B");
        assert_eq!(length("AB123456CD"), 10, "six digits go to C and back");
        assert_eq!(length("1234567"), 6, "the odd digit goes to B");
        assert_eq!(length("ab\tcd"), 7, "one control character is shifted");
        assert_eq!(Code128::new(b""), None);
        assert_eq!(Code128::new("ä".as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_ascii_reads_back(data in proptest::collection::vec(0_u8..128, 1..60)) {
            let code = Code128::new(&data).unwrap();
            prop_assert_eq!(decode(code.values()), data.clone());
            prop_assert!(code.values().len() <= 2 * data.len() + 2);
            prop_assert_eq!(code.widths().map(usize::from).sum::<usize>(), code.modules());
        }

        #[test]
        fn digits_and_letters_read_back(text in "[A-Z]{0,4}[0-9]{0,20}[a-z]{0,3}[0-9]{1,5}") {
            let code = Code128::new(text.as_bytes()).unwrap();
            prop_assert_eq!(decode(code.values()), text.as_bytes());
            prop_assert!(code.values().len() <= text.len() + 1);
        }

        /// An independent reader agrees with the bar patterns and the check value.
        #[test]
        fn rxing_reads_the_bars(text in "[ -~]{1,30}") {
            let code = Code128::new(text.as_bytes()).unwrap();
            let (quiet, scale, height) = (12, 3, 40);
            let width = (code.modules() as u32 + 2 * quiet) * scale;
            let mut luma = vec![255_u8; (width * height) as usize];
            for (start, bar) in code.bars() {
                for x in (start + quiet) * scale..(start + bar + quiet) * scale {
                    for y in 0..height {
                        luma[(y * width + x) as usize] = 0;
                    }
                }
            }
            let kind = Some(rxing::BarcodeFormat::CODE_128);
            let read = rxing::helpers::detect_in_luma(luma, width, height, kind).unwrap();
            prop_assert_eq!(read.getText(), text);
        }
    }
}
