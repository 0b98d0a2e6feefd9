//! This dialect's decoders, for feeding them what no client would send.

use domain::channel::ChannelNumber;
use domain::ids::OrderId;
use domain::order::Order;
use domain::stage::Stage;
use domain::time::Timestamp;

use super::{decode, encode, fields};
use crate::json;

/// An order that is read is shown, and laid over itself it is the same.
pub(crate) fn order(bytes: &[u8]) {
    let Ok(body) = json::parse(bytes) else { return };
    drop(decode::said(&body));
    let Ok((details, _)) = decode::create(&body) else { return };
    let Some(id) = OrderId::new(1) else { return };
    let order = Order {
        id,
        channel: ChannelNumber(1),
        version: 1,
        created_at: Timestamp::UNIX_EPOCH,
        modified_at: Timestamp::UNIX_EPOCH,
        cancelled_at: None,
        standing: Stage::Open,
        checked: None,
        details,
    };
    let again = decode::update(&order, &encode::sent(&order)).map_err(|refusal| refusal.info);
    assert_eq!(again.as_ref(), Ok(&order.details), "what is sent back changes nothing");
    drop(decode::update(&order, &body));
}

/// What stands in the `query` parameter of a list.
pub(crate) fn query(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    drop(fields::orders(&text));
    drop(fields::documents(&text, &|url| Some(url.to_owned())));
}
