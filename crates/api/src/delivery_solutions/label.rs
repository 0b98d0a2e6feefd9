//! Labels by a link that names the order: whoever has it may print until it expires, as long as the label is good.

use app::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::ids::OrderId;
use domain::order::Order;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::DeliverySolutionsV2;
use crate::dialect::{Parameters, Wire as _, json as answer};
use crate::links;

/// The link to the label of an order.
pub fn link(public_url: &str, order: &Order, token: &str) -> String {
    format!("{public_url}/api/v2/label?orderId={}&token={token}", order.id.to_hex24(order.created_at))
}

/// `GET /label?orderId=&token=`. Who brings no token, or one that leads nowhere, is told so as it is published.
pub(super) async fn show(State(app): State<App>, parameters: Parameters) -> Response {
    let Some(token) = parameters.value("token").filter(|token| !token.is_empty()) else {
        let mut refusal = answer(StatusCode::UNAUTHORIZED, &json!({ "message": "Unauthorized" }));
        refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("token"));
        return refusal;
    };
    let order = parameters.value("orderId").and_then(OrderId::from_hex24);
    let opened = match order {
        Some((order, _)) => app.open_label_link(order, token).await,
        None => Err(Error::NotFound("document")),
    };
    match opened {
        Ok((document, bytes)) => links::file(&document, bytes).into_response(),
        Err(Error::NotFound(_)) => {
            let denied = "User is not authorized to access this resource with an explicit deny";
            answer(StatusCode::FORBIDDEN, &json!({ "Message": denied }))
        }
        Err(error) => DeliverySolutionsV2::refuse(error),
    }
}
