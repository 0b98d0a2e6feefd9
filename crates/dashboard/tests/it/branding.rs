//! The tracking page's looks and the e-mails, as an administrator sets them and an order shows them.

use axum::body::Body;
use domain::channel::Dialect;
use domain::ids::{NoticeId, ParcelId, ShipmentId};
use domain::notice::{Notice, NoticeSaid, NoticeState};
use domain::tracking::TrackingStatus;
use http::{Request, StatusCode};
use testkit::on_both_engines;

use crate::browser::{Browser, cups, desk, place};

/// A JPEG of 320 × 200 pixels, as far as its frame tells.
const JPEG: &[u8] = b"\xff\xd8\xff\xc0\0\x0b\x08\0\xc8\x01\x40\x01\x01\x11\0\xff\xd9";

/// A form with a picture in it.
fn with_logo(csrf: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--part\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--part\r\ncontent-disposition: form-data; \
         name=\"logo\"; filename=\"logo.jpg\"\r\ncontent-type: image/jpeg\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--part--\r\n"].concat()
}

on_both_engines! {
    async fn an_administrator_sets_the_looks_and_is_told_of_a_colour_that_cannot_be_read(engine: Engine) {
        let t = desk(engine).await;
        let mut admin = Browser::signed_in(&t, "sec-acme").await;
        let empty = admin.get("/ui/branding").await.text();
        assert!(empty.contains("No mail server is set up") && empty.contains("placeholder=\"Acme GmbH\""), "{empty}");
        let typed = [("name", "Acme at home"), ("colour", "#ffe000"), ("of", "delivered"), ("of", "shipped"), ("reply_to", "help@example.com")];
        let saved = admin.post("/ui/branding", &typed).await;
        assert_eq!((saved.status, saved.header("location")), (StatusCode::SEE_OTHER, "/ui/branding?done=saved"));
        let page = admin.get("/ui/branding").await.text();
        assert!(page.contains("#ffe000 is too light to be read on light pages, where it is shown as #7f7000."), "{page}");
        assert!(page.contains("value=\"delivered\" checked") && !page.contains("value=\"problem\" checked"), "{page}");

        let wrong = admin.post("/ui/branding", &[("name", "Other"), ("colour", "yellow")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = wrong.text();
        assert!(text.contains("Nothing was stored") && text.contains("value=\"Other\"") && text.contains("value=\"yellow\""), "{text}");
        assert!(admin.get("/ui/branding").await.text().contains("value=\"Acme at home\""));
    }

    async fn a_logo_is_uploaded_shown_and_taken_away(engine: Engine) {
        let t = desk(engine).await;
        let mut admin = Browser::signed_in(&t, "sec-acme").await;
        assert_eq!(admin.get("/ui/branding/logo").await.status, StatusCode::NOT_FOUND);
        let csrf = admin.csrf().to_owned();
        let stale = admin.upload("/ui/branding/logo", with_logo("another", JPEG)).await;
        assert_eq!(stale.status, StatusCode::FORBIDDEN);
        let svg = admin.upload("/ui/branding/logo", with_logo(&csrf, b"<svg/>")).await;
        assert_eq!(svg.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(svg.text().contains("it is neither a PNG nor a JPEG"), "{}", svg.text());
        let kept = admin.upload("/ui/branding/logo", with_logo(&csrf, JPEG)).await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
        let shown = admin.get("/ui/branding/logo").await;
        assert_eq!((shown.status, shown.header("content-type")), (StatusCode::OK, "image/jpeg"));
        // Those who wait see it by their own address, without signing in.
        let order = place(&t, vec![cups("1001")]).await[0];
        let acme = t.caller("sec-acme", Dialect::Native).await;
        let shipment = t.app.ship(&acme, order, &app::shipments::ShipWish::default()).await.unwrap();
        let token = &shipment.parcels[0].tracking_token;
        let logo = t.send(Request::get(format!("/t/{token}/logo")).body(Body::empty()).unwrap()).await;
        assert_eq!((logo.status, logo.header("content-security-policy")), (StatusCode::OK, "default-src 'none'; sandbox"));
        let page = t.send(Request::get(format!("/t/{token}")).body(Body::empty()).unwrap()).await.text();
        assert!(page.contains(&format!("src=\"{token}/logo\" width=\"320\" height=\"200\"")), "{page}");
        let gone = admin.post("/ui/branding/logo/remove", &[]).await;
        assert_eq!(gone.header("location"), "/ui/branding?done=removed");
        let logo = t.send(Request::get(format!("/t/{token}/logo")).body(Body::empty()).unwrap()).await;
        assert_eq!(logo.status, StatusCode::NOT_FOUND);
    }

    async fn an_order_shows_who_was_written_to_and_what_the_mail_server_said(engine: Engine) {
        let t = desk(engine).await;
        let order = place(&t, vec![cups("1001")]).await[0];
        let acme = t.caller("sec-acme", Dialect::Native).await;
        let tenant = acme.tenant().clone();
        let events = t.app.store().read(async move |tx| tx.events_of_order(&tenant, order).await).await.unwrap();
        let notice = |number: u64, state, status, note: Option<&str>| Notice {
            id: NoticeId::new(number).unwrap(),
            event: events[0].id,
            order,
            shipment: ShipmentId::new(1).unwrap(),
            parcel: ParcelId::new(1).unwrap(),
            status,
            state,
            attempts: 1,
            next_at: t.now(),
            created_at: t.now(),
            said: NoticeSaid { to: Some("erika@example.com".to_owned()), note: note.map(str::to_owned) },
        };
        let notices = [
            notice(1, NoticeState::Sent, TrackingStatus::InTransit, None),
            notice(2, NoticeState::Failed, TrackingStatus::Delivered, Some("550 5.1.1 <no> such user")),
        ];
        let tenant = acme.tenant().clone();
        t.app.store().write(async move |tx| tx.add_notices(&tenant, &notices).await).await.unwrap();
        let mut viewer = Browser::signed_in(&t, "sec-viewer").await;
        let page = viewer.get(&format!("/ui/orders/{order}")).await.text();
        assert!(page.contains("E-mail to <span dir=\"auto\">erika@example.com</span> <span class=\"chip good\">Sent</span>"), "{page}");
        assert!(page.contains("<span class=\"chip trouble\">Refused</span>"), "{page}");
        assert!(page.contains("550 5.1.1 &#60;no&#62; such user"), "{page}");
    }
}
