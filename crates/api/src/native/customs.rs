//! Customs papers of parcels and shipments to abroad.

use app::App;
use axum::extract::State;
use domain::Error;
use domain::customs::CustomsForm;
use domain::ids::{ParcelId, ShipmentId};

use super::{Answer, Authed};
use crate::dialect::{Parameters, Segment};
use crate::links::file;

/// `GET /v1/parcels/{id}/customs-form?form=cn23`: a PDF, drawn from what is in the parcel.
pub(super) async fn form(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
    parameters: Parameters,
) -> Answer {
    let form = match parameters.value("form") {
        None | Some("cn23") => CustomsForm::Cn23,
        Some("cn22") => CustomsForm::Cn22,
        Some(other) => {
            let shown: String = other.chars().take(80).collect();
            return Err(Error::invalid("form", format!("{shown:?} is no customs form: expected cn22 or cn23")).into());
        }
    };
    let id = ParcelId::from_native(&id).ok_or(Error::NotFound("parcel"))?;
    let (document, bytes) = app.customs_form(&caller, id, form).await?;
    Ok(file(&document, bytes))
}

/// `GET /v1/shipments/{id}/commercial-invoice`: a PDF.
pub(super) async fn commercial_invoice(
    State(app): State<App>,
    Authed { caller, .. }: Authed,
    Segment(id): Segment,
) -> Answer {
    let id = ShipmentId::from_native(&id).ok_or(Error::NotFound("shipment"))?;
    let (document, bytes) = app.commercial_invoice(&caller, id).await?;
    Ok(file(&document, bytes))
}
