//! Boxes: what a shipment is packed in, what each box holds and weighs, and what is collected against it.

use domain::error::{Problem, Rule};
use domain::measure::{Dimensions, Weight};
use domain::order::{LineItem, Order, PlannedBox};
use domain::parcel::{Box as ParcelBox, Content};
use domain::pieces::Pieces;
use domain::shares::divide;
use domain::shipment::Shipment;
use serde::{Deserialize, Serialize};

use super::ShipWish;

/// The most boxes that the items of an order make by themselves.
const MOST_BOXES: u64 = 200;

/// How a client describes a box.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BoxWish {
    /// Gross weight; what is inside, when missing.
    pub weight: Option<Weight>,
    /// Outer size.
    pub dimensions: Option<Dimensions>,
    /// What is inside: the shop's id of the line and the pieces.
    pub contents: Vec<(String, u64)>,
}

/// The boxes of a new shipment.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub(crate) boxes: Vec<ParcelBox>,
    /// Why there are so many, for people.
    pub(crate) because: String,
}

/// A box before anybody knows its weight.
#[derive(Default)]
struct Draft {
    /// The weight that was said, or that of what is inside.
    weight: Option<Weight>,
    dimensions: Option<Dimensions>,
    contents: Vec<Content>,
}

/// Whether a shipment is wished for of what others have left, and no extra one.
fn is_rest(order: &Order, wish: &ShipWish, live: &[Shipment]) -> bool {
    !live.is_empty() && wish.further_because.is_none() && !Pieces::left(&order.details, live).is_none()
}

/// Packs what a new shipment takes beside the order's live ones. Every problem is told, by box.
pub(crate) fn pack(
    order: &Order,
    wish: &ShipWish,
    default_weight: Option<Weight>,
    live: &[Shipment],
) -> Result<Packed, Vec<Problem>> {
    let details = &order.details;
    let rest = is_rest(order, wish, live).then(|| Pieces::left(details, live));
    let mut problems = Vec::new();
    let planned = details.boxes.as_deref().unwrap_or_default();
    let (mut drafts, because) = match (wish.parcels.as_slice(), planned) {
        ([], [_, ..]) if rest.is_none() => {
            (planned.iter().map(of_planned).collect(), format!("the shop packs {}", counted(planned.len())))
        }
        ([], _) => of_items(order, rest.as_ref()),
        (wished, _) => {
            let drafts = wished.iter().enumerate().map(|(index, wished)| of_wish(order, index, wished, &mut problems));
            (drafts.collect::<Vec<_>>(), format!("the request names {}", counted(wished.len())))
        }
    };
    if let Some(rest) = &rest
        && drafts.iter().all(|draft| draft.contents.is_empty())
    {
        match drafts.as_mut_slice() {
            [only] => only.contents = rest.contents(),
            _ => problems.push(Problem::of(
                Rule::Missing,
                "parcels/0/contents",
                "a part of the order is shipped already: say what is in each parcel",
            )),
        }
    }
    if !wish.parcels.is_empty() {
        problems.extend(too_many(order, &drafts, live));
    }
    let carried = carried(order, &drafts);
    let boxes = weighed(order, drafts, &carried, default_weight, &mut problems);
    let collect = match details.payment.cash_on_delivery {
        Some(true) if details.payment.total.is_none() => {
            let text = "the order is paid on delivery, but does not say how much: send its total";
            problems.push(Problem::of(Rule::Missing, "total", text));
            None
        }
        _ => details.collected(&carried, live),
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    // The first box collects all of it, so that nobody pays twice at the door.
    let boxes = boxes.into_iter().enumerate();
    let boxes = boxes.map(|(index, parcel)| ParcelBox { collect: collect.filter(|_| index == 0), ..parcel });
    Ok(Packed { boxes: boxes.collect(), because })
}

/// The pieces that a wish names; `None` when it names none.
pub(super) fn asked(order: &Order, wish: &ShipWish) -> Option<Pieces> {
    let boxes = wish.parcels.iter().enumerate();
    let drafts: Vec<_> = boxes.map(|(index, wished)| of_wish(order, index, wished, &mut Vec::new())).collect();
    let is_named = drafts.iter().any(|draft| !draft.contents.is_empty());
    is_named.then(|| carried(order, &drafts))
}

fn counted(boxes: usize) -> String {
    if boxes == 1 { "1 box".to_owned() } else { format!("{boxes} boxes") }
}

fn of_planned(planned: &PlannedBox) -> Draft {
    let measured = planned.measurement.unwrap_or_default();
    Draft {
        weight: measured.weight.and_then(domain::measure::Quantity::to_weight),
        dimensions: measured.dimensions.and_then(domain::measure::SentDimensions::to_dimensions),
        contents: Vec::new(),
    }
}

fn of_wish(order: &Order, index: usize, wished: &BoxWish, problems: &mut Vec<Problem>) -> Draft {
    let mut contents = Vec::with_capacity(wished.contents.len());
    for (place, (name, quantity)) in wished.contents.iter().enumerate() {
        let is_it = |item: &LineItem| item.id.as_deref() == Some(name.as_str());
        match order.details.items.iter().position(is_it) {
            Some(line) => contents.push(Content { line, quantity: *quantity }),
            None => problems.push(Problem::of(
                Rule::Unknown,
                format!("parcels/{index}/contents/{place}"),
                format!("the order has no item with id {name:?}"),
            )),
        }
    }
    Draft { weight: wished.weight, dimensions: wished.dimensions, contents }
}

/// The boxes that the items make: each piece of one that ships as several parcels has these for itself, and all others
/// go together in one.
fn of_items(order: &Order, rest: Option<&Pieces>) -> (Vec<Draft>, String) {
    let items = &order.details.items;
    let pieces = rest.cloned().unwrap_or_else(|| Pieces::bought(&order.details));
    let own: u64 = items.iter().enumerate().map(|(line, item)| boxes_of_line(item, pieces.of_line(line))).sum();
    if own == 0 || own > MOST_BOXES {
        let because = match (rest, own) {
            (_, 1..) => format!("its items would make {own} boxes, more than {MOST_BOXES}: they are taken for one"),
            (Some(_), _) => "what is left goes in one box".to_owned(),
            (None, _) => "all goes in one box".to_owned(),
        };
        return (vec![Draft::default()], because);
    }
    let (mut drafts, mut together, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for content in pieces.contents() {
        let item = &items[content.line];
        let Some(count) = item.parcels else {
            together.push(content);
            continue;
        };
        let parcels = if count == 1 { "1 parcel" } else { "parcels" };
        let count_text = if count == 1 { String::new() } else { format!("{count} ") };
        let pieces = if content.quantity == 1 { String::new() } else { format!(", {} pieces", content.quantity) };
        reasons.push(format!("{:?} ships as {count_text}{parcels}{pieces}", item.name));
        let whole = weight_of(item).map(Weight::milligrams);
        let parts = whole.map(|whole| divide(whole, &vec![1; count as usize]));
        for _ in 0..content.quantity {
            drafts.extend((0..count as usize).map(|place| Draft {
                weight: parts.as_ref().and_then(|parts| Weight::from_milligrams(parts[place])),
                dimensions: None,
                // The piece is told of once.
                contents: if place == 0 { vec![Content { quantity: 1, ..content }] } else { Vec::new() },
            }));
        }
    }
    if !together.is_empty() {
        reasons.push("the others go in one box".to_owned());
        drafts.push(Draft { contents: together, ..Draft::default() });
    }
    (drafts, reasons.join("; "))
}

fn boxes_of_line(item: &LineItem, pieces: u64) -> u64 {
    item.parcels.map_or(0, |count| pieces.saturating_mul(u64::from(count)))
}

/// What is asked for and no longer there, line by line, each at the box where it runs out.
fn too_many(order: &Order, drafts: &[Draft], live: &[Shipment]) -> Vec<Problem> {
    let (bought, left) = (Pieces::bought(&order.details), Pieces::left(&order.details, live));
    let mut problems = Vec::new();
    for (line, item) in order.details.items.iter().enumerate() {
        let mut asked = 0_u64;
        let contents = drafts.iter().enumerate().flat_map(|(index, draft)| {
            draft.contents.iter().enumerate().map(move |(place, content)| (index, place, content))
        });
        for (index, place, content) in contents.filter(|(_, _, content)| content.line == line) {
            asked = asked.saturating_add(content.quantity);
            if asked <= left.of_line(line) {
                continue;
            }
            let shipped = live.iter().filter(|one| Pieces::in_shipment(&order.details, one).of_line(line) > 0);
            let shipped: Vec<_> = shipped.map(|one| one.id.to_string()).collect();
            let by =
                if shipped.is_empty() { String::new() } else { format!(", the others are in {}", shipped.join(", ")) };
            let text = format!(
                "{asked} of {:?} are asked for, and {} of {} are left{by}",
                item.name,
                left.of_line(line),
                bought.of_line(line),
            );
            problems.push(Problem::new(format!("parcels/{index}/contents/{place}/quantity"), text));
            break;
        }
    }
    problems
}

/// The pieces in some boxes: those that they name, else all of the order.
fn carried(order: &Order, drafts: &[Draft]) -> Pieces {
    let contents: Vec<_> = drafts.iter().flat_map(|draft| draft.contents.iter().cloned()).collect();
    if contents.is_empty() { Pieces::bought(&order.details) } else { Pieces::of(&order.details, &contents) }
}

/// Gives each box a weight: the one that was said, else that of what is inside; boxes of which neither is known share what
/// is left of the order's weight, so that the boxes add up to it.
fn weighed(
    order: &Order,
    drafts: Vec<Draft>,
    carried: &Pieces,
    default_weight: Option<Weight>,
    problems: &mut Vec<Problem>,
) -> Vec<ParcelBox> {
    let is_whole = *carried == Pieces::bought(&order.details);
    let measured = order.details.delivery.as_ref().and_then(|delivery| delivery.measurement).filter(|_| is_whole);
    let of_order = measured.and_then(|measured| measured.weight).and_then(domain::measure::Quantity::to_weight);
    let is_only = drafts.len() == 1;
    let whole = of_order.or_else(|| weight_of_pieces(order, &carried.contents()));
    let said = |draft: &Draft| {
        let of_only = || is_only.then_some(of_order).flatten();
        let inside = || (!draft.contents.is_empty()).then(|| weight_of_pieces(order, &draft.contents)).flatten();
        draft.weight.or_else(of_only).or_else(inside).or_else(|| is_only.then_some(whole).flatten())
    };
    let weights: Vec<_> = drafts.iter().map(said).collect();
    let known: u64 = weights.iter().flatten().map(|weight| weight.milligrams()).sum();
    let unknown = weights.iter().filter(|weight| weight.is_none()).count();
    let rest = whole.and_then(|whole| whole.milligrams().checked_sub(known)).filter(|rest| *rest >= unknown as u64);
    let mut shares = rest.map(|rest| divide(rest, &vec![1; unknown])).unwrap_or_default().into_iter();
    let mut boxes = Vec::with_capacity(drafts.len());
    for (index, (draft, said)) in drafts.into_iter().zip(weights).enumerate() {
        let shared = if said.is_none() { shares.next().and_then(Weight::from_milligrams) } else { None };
        let measured = measured.filter(|_| is_only);
        let dimensions =
            draft.dimensions.or_else(|| measured.and_then(|measured| measured.dimensions?.to_dimensions()));
        match said.or(shared).or(default_weight) {
            Some(weight) => boxes.push(ParcelBox {
                weight,
                weight_is_assumed: said.is_none(),
                dimensions,
                contents: draft.contents,
                collect: None,
            }),
            None => problems.push(Problem::of(
                Rule::Missing,
                format!("parcels/{index}/weight"),
                "nobody said what the parcel weighs: send a weight, or set default_parcel for the tenant",
            )),
        }
    }
    boxes
}

fn weight_of(item: &LineItem) -> Option<Weight> {
    item.measurement?.weight?.to_weight()
}

/// The pieces' weights added up, if every piece has one.
pub(super) fn weight_of_pieces(order: &Order, contents: &[Content]) -> Option<Weight> {
    let mut milligrams = 0_u64;
    for content in contents {
        let one = weight_of(order.details.items.get(content.line)?)?.milligrams();
        milligrams = milligrams.checked_add(one.checked_mul(content.quantity)?)?;
    }
    Weight::from_milligrams(milligrams)
}
