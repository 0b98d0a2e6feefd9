//! Notices: whoever waits for a parcel is told what becomes of it, once, and no letter is lost.

use std::time::Duration;

use app::erasures::Whom;
use app::setup::file;
use domain::ids::OrderId;
use domain::notice::{Notice, NoticeState};
use domain::order::OrderDetails;
use domain::shipment::Shipment;
use testkit::carrier::Scripted;
use testkit::mail::{PostOffice, Received, Trouble};
use testkit::{Engine, on_both_engines};

use crate::fixture::{Shop, cups, report, until};

const ALL: &str = "[\"shipped\", \"out_for_delivery\", \"at_service_point\", \"delivered\", \"problem\"]";

/// The setup with notices of these kinds.
fn setup(of: &str) -> String {
    let more = format!("time_zone = \"Europe/Berlin\"\nnotices = {{ of = {of}, reply_to = \"help@acme.example\" }}\n");
    testkit::scripted_setup().replacen("time_zone = \"Europe/Berlin\"\n", &more, 1)
}

async fn open(engine: Engine, of: &str) -> (Shop, PostOffice) {
    let post = PostOffice::start().await;
    let server = post.settings();
    let shop = Shop::built(engine, |builder| builder.setup(setup(of)).options(|options| options.mail = Some(server)));
    (shop.await, post)
}

/// An order of somebody with an e-mail address.
fn erikas(number: &str) -> OrderDetails {
    let mut details = cups(number);
    details.shipping_address.as_mut().unwrap().email = Some("erika@example.com".to_owned());
    details
}

impl Shop {
    async fn erikas(&self, number: &str) -> Shipment {
        let order = self.place(erikas(number)).await;
        self.ship(order).await.unwrap()
    }

    /// What a carrier says of a shipment now.
    async fn hears(&self, shipment: &Shipment, code: &str) {
        let at = self.t.now().to_string();
        self.app().report_tracking(&self.acme, shipment.id, vec![report(None, code, &at)]).await.unwrap();
    }

    async fn notices(&self, order: OrderId) -> Vec<Notice> {
        self.app().notices_of_order(&self.acme, order).await.unwrap()
    }

    /// What became of an order's notices, in a few words each.
    async fn fates(&self, order: OrderId) -> Vec<String> {
        let notices = self.notices(order).await;
        let fate = |notice: &Notice| {
            let note = notice.said.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            format!("{} {} after {}{note}", notice.status.as_str(), notice.state.as_str(), notice.attempts)
        };
        notices.iter().map(fate).collect()
    }
}

/// A letter with its random parts named.
fn shown(letter: &Received, shipment: &Shipment) -> String {
    let id = letter.header("Message-ID").trim_matches(['<', '>']).to_owned();
    let boundary = format!("={}=", id.replace('@', "."));
    let text = letter.text.replace("=\r\n", "").replace('\r', "");
    let text = text.replace(&shipment.parcels[0].tracking_token, "<token>");
    text.replace(&boundary, "<boundary>").replace(&id, "<id>")
}

fn subjects(letters: &[Received]) -> Vec<&str> {
    letters.iter().map(|letter| letter.header("Subject")).collect()
}

on_both_engines! {
    async fn whoever_waits_is_told_of_each_step_once(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let mut details = erikas("1001");
        details.language = Some("en-GB".to_owned());
        let order = shop.place(details).await;
        let shipment = shop.ship(order).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(post.letters(), [], "a label that is made is nothing to tell");
        shop.hears(&shipment, "in_transit").await;
        shop.t.run_jobs().await;
        let letters = post.letters();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].envelope, (testkit::mail::SENDER.to_owned(), "erika@example.com".to_owned()));
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&letters[0], &shipment), @r##"
            Message-ID: <<id>>
            Date: Mon, 02 Mar 2026 10:00:00 +0000
            From: "Acme GmbH" <parcels@waybill.example>
            To: erika@example.com
            Subject: Your parcel from Acme GmbH is on its way
            Auto-Submitted: auto-generated
            Content-Language: en
            Reply-To: "Acme GmbH" <help@acme.example>
            MIME-Version: 1.0
            Content-Type: multipart/alternative;
             boundary="<boundary>"

            --<boundary>
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            The carrier has the parcel, and it is on its way.

            Follow your parcel:
            http://127.0.0.1:8080/t/<token>?lang=3Den

            Order: #1001
            Service: Scripted standard
            Tracking number: 090999990000000017

            Questions? Simply reply to this message.

            --=20
            You get this message because Acme GmbH sends you a parcel. It was written by a machine.
            --<boundary>
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <!doctype html>
            <html lang=3D"en">
            <head>
            <meta charset=3D"utf-8">
            <meta name=3D"viewport" content=3D"width=3Ddevice-width, initial-scale=3D1">
            <meta name=3D"color-scheme" content=3D"light only">
            <title>Your parcel from Acme GmbH is on its way</title>
            </head>
            <body style=3D"margin:0;padding:0;background:#f3f5f8;color:#182029;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:16px;line-height:1.5">
            <div style=3D"max-width:560px;margin:0 auto;padding:16px">
            <p dir=3D"auto" style=3D"margin:0;padding:14px 20px;border-radius:12px 12px 0 0;background:#0b5cad;color:#ffffff;font-size:18px;font-weight:700">Acme GmbH</p>
            <div style=3D"padding:24px 20px;background:#ffffff;border:1px solid #d5dbe3;border-top:0;border-radius:0 0 12px 12px">
            <h1 style=3D"margin:0 0 8px;font-size:26px;line-height:1.25;color:#0b5cad">With the carrier</h1>
            <p style=3D"margin:0 0 20px">The carrier has the parcel, and it is on its way.</p>
            <p style=3D"margin:0 0 24px"><a href=3D"http://127.0.0.1:8080/t/<token>?lang=3Den" style=3D"display:inline-block;padding:12px 22px;border-radius:8px;background:#0b5cad;color:#ffffff;font-weight:700;text-decoration:none">Follow your parcel</a></p>
            <table role=3D"presentation" style=3D"border-collapse:collapse;margin:0 0 20px">
            <tr><td style=3D"padding:2px 16px 2px 0;color:#526070;vertical-align:top">Order</td><td dir=3D"auto" style=3D"padding:2px 0;font-weight:600;word-break:break-word">#1001</td></tr>
            <tr><td style=3D"padding:2px 16px 2px 0;color:#526070;vertical-align:top">Service</td><td dir=3D"auto" style=3D"padding:2px 0;font-weight:600;word-break:break-word">Scripted standard</td></tr>
            <tr><td style=3D"padding:2px 16px 2px 0;color:#526070;vertical-align:top">Tracking number</td><td dir=3D"auto" style=3D"padding:2px 0;font-weight:600;word-break:break-word">090999990000000017</td></tr>
            </table>
            <p style=3D"margin:0">Questions? Simply reply to this message.</p>
            </div>
            <p style=3D"margin:12px 4px;color:#526070;font-size:13px">You get this message because Acme GmbH sends you a parcel. It was written by a machine.</p>
            </div>
            </body>
            </html>
            --<boundary>--
            "##);
        }
        // The same news again, and news that move nothing, tell nobody anything.
        shop.hears(&shipment, "in_transit").await;
        shop.later(3_600).await;
        shop.hears(&shipment, "in_transit").await;
        shop.t.run_jobs().await;
        for code in ["out_for_delivery", "delivered"] {
            shop.hears(&shipment, code).await;
            shop.later(60).await;
        }
        let subjects = post.letters().iter().map(|letter| letter.header("Subject").to_owned()).collect::<Vec<_>>();
        assert_eq!(subjects, [
            "Your parcel from Acme GmbH is on its way",
            "Your parcel from Acme GmbH is out for delivery",
            "Your parcel from Acme GmbH was delivered",
        ]);
        assert_eq!(shop.fates(order).await, [
            "in_transit sent after 1",
            "out_for_delivery sent after 1",
            "delivered sent after 1",
        ]);
    }

    async fn a_letter_is_in_the_language_of_the_country_it_goes_to(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let shipment = shop.erikas("1001").await;
        shop.hears(&shipment, "undeliverable").await;
        shop.t.run_jobs().await;
        let letter = &post.letters()[0];
        assert_eq!(letter.header("Content-Language"), "de");
        assert_eq!(letter.header("Subject"), "Ihr Paket von Acme GmbH konnte nicht zugestellt werden");
        assert!(letter.text.contains("?lang=3Dde") || letter.text.contains("?lang=de"), "{}", letter.text);
    }

    async fn only_what_the_tenant_wants_told_is_told(engine: Engine) {
        let (shop, post) = open(engine, "[\"delivered\"]").await;
        let shipment = shop.erikas("1001").await;
        for code in ["in_transit", "delivered"] {
            shop.hears(&shipment, code).await;
            shop.later(60).await;
        }
        assert_eq!(shop.fates(shipment.order).await, ["delivered sent after 1"]);
        assert_eq!(post.letters().len(), 1);
    }

    async fn old_news_tell_nobody_anything(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let shipment = shop.erikas("1001").await;
        shop.t.clock.advance(Duration::from_hours(72));
        // The booking was on 2 March; it is the 5th now.
        let news = ["2026-03-03T10:00:00Z", "2026-03-04T09:59:59Z"].map(|at| report(None, "in_transit", at));
        shop.app().report_tracking(&shop.acme, shipment.id, news.to_vec()).await.unwrap();
        let fresh = report(None, "delivered", "2026-03-04T10:00:00Z");
        shop.app().report_tracking(&shop.acme, shipment.id, vec![fresh]).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(shop.fates(shipment.order).await, ["delivered sent after 1"]);
        assert_eq!(post.letters().len(), 1);
    }

    async fn nobody_is_told_by_a_tenant_that_only_tries_or_a_carrier_that_only_pretends(engine: Engine) {
        let post = PostOffice::start().await;
        let server = post.settings();
        let shop = Shop::of(Scripted::tracked(), engine, |builder| {
            builder.setup(setup(ALL)).options(|options| options.mail = Some(server))
        });
        let shop = shop.await;
        let shipment = shop.erikas("1001").await;
        shop.hears(&shipment, "in_transit").await;
        shop.t.run_jobs().await;
        assert_eq!((shop.fates(shipment.order).await, post.conversations()), (Vec::new(), 0));
    }

    async fn without_a_mail_server_nothing_is_kept_to_be_sent_later(engine: Engine) {
        let shop = Shop::built(engine, |builder| builder.setup(setup(ALL))).await;
        let shipment = shop.erikas("1001").await;
        shop.hears(&shipment, "in_transit").await;
        shop.t.run_jobs().await;
        assert_eq!(shop.notices(shipment.order).await, []);
    }

    async fn what_goes_wrong_for_now_is_tried_again_and_comes_once(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let shipment = shop.erikas("1001").await;
        shop.hears(&shipment, "in_transit").await;
        post.trouble([
            Trouble::Says("450 4.2.1 mailbox busy"),
            Trouble::SaysAtEnd("451 4.3.0 later please"),
            Trouble::Drops,
            Trouble::Greets("421 4.3.2 closing for tea"),
        ]);
        shop.t.run_jobs().await;
        assert_eq!(shop.fates(shipment.order).await, ["in_transit waiting after 1: 450 4.2.1 mailbox busy"]);
        shop.later(30).await;
        assert_eq!(post.conversations(), 1, "it waits a minute");
        shop.later(120).await;
        assert_eq!(shop.fates(shipment.order).await, ["in_transit waiting after 2: 451 4.3.0 later please"]);
        shop.later(300).await;
        let fates = shop.fates(shipment.order).await;
        assert!(fates[0].starts_with("in_transit waiting after 3: "), "{fates:?}");
        shop.later(600).await;
        let fates = shop.fates(shipment.order).await;
        assert!(fates[0].starts_with("in_transit waiting after 4: 421 "), "{fates:?}");
        assert_eq!(post.letters(), []);
        shop.later(1_200).await;
        assert_eq!(shop.fates(shipment.order).await, ["in_transit sent after 5"]);
        shop.later(24 * 3_600).await;
        assert_eq!(post.letters().len(), 1);
    }

    async fn a_server_that_is_away_for_a_day_is_given_up_and_other_letters_go_on(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let (first, second) = (shop.erikas("1001").await, shop.erikas("1002").await);
        shop.hears(&first, "in_transit").await;
        post.trouble([Trouble::Greets("421 away")]);
        shop.t.run_jobs().await;
        // While it is away no other letter is tried with it.
        shop.hears(&second, "in_transit").await;
        shop.t.run_jobs().await;
        assert_eq!(shop.fates(second.order).await, ["in_transit sent after 1"]);
        post.trouble((0..40).map(|_| Trouble::Greets("421 away")));
        for _ in 0..30 {
            shop.later(3_600).await;
        }
        let fates = shop.fates(first.order).await;
        assert!(fates[0].starts_with("in_transit failed after ") && fates[0].contains("421 away"), "{fates:?}");
        let asked = post.conversations();
        shop.later(24 * 3_600).await;
        assert_eq!(post.conversations(), asked, "it is not tried for ever");
    }

    async fn a_refusal_for_good_is_written_down_and_not_tried_again(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let (first, second) = (shop.erikas("1001").await, shop.erikas("1002").await);
        shop.hears(&first, "in_transit").await;
        post.trouble([Trouble::Says("550 5.1.1 <erika@example.com> no such user")]);
        shop.t.run_jobs().await;
        let refused = "in_transit failed after 1: 550 5.1.1 <erika@example.com> no such user";
        assert_eq!(shop.fates(first.order).await, [refused]);
        assert_eq!(shop.notices(first.order).await[0].said.to.as_deref(), Some("erika@example.com"));
        shop.hears(&second, "in_transit").await;
        shop.later(24 * 3_600).await;
        assert_eq!((shop.fates(first.order).await.as_slice(), post.letters().len()), (&[refused.to_owned()][..], 1));
    }

    async fn whoever_is_killed_loses_no_letter_and_a_second_copy_has_the_name_of_the_first(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let shipment = shop.erikas("1001").await;
        shop.hears(&shipment, "in_transit").await;
        // Killed while the mail server has the letter and its answer has not come.
        post.trouble([Trouble::Hangs]);
        let app = shop.app().clone();
        let killed = tokio::spawn(async move { app.run_jobs_until_idle().await });
        until(|| post.letters().len() == 1).await;
        killed.abort();
        assert!(killed.await.unwrap_err().is_cancelled());
        let notices = shop.notices(shipment.order).await;
        assert_eq!((notices[0].state, notices[0].attempts), (NoticeState::Waiting, 0));
        shop.t.run_jobs().await;
        // The answer is lost on the way.
        shop.hears(&shipment, "delivered").await;
        post.trouble([Trouble::DropsAfter]);
        shop.t.run_jobs().await;
        shop.later(3_600).await;
        assert_eq!(shop.fates(shipment.order).await, ["in_transit sent after 1", "delivered sent after 2"]);
        let letters = post.letters();
        assert_eq!(subjects(&letters), [
            "Ihr Paket von Acme GmbH ist unterwegs",
            "Ihr Paket von Acme GmbH ist unterwegs",
            "Ihr Paket von Acme GmbH wurde zugestellt",
            "Ihr Paket von Acme GmbH wurde zugestellt",
        ]);
        assert_eq!(letters[0], letters[1], "so that whoever gets both can drop one");
        assert_eq!(letters[2], letters[3]);
        assert_ne!(letters[0].header("Message-ID"), letters[2].header("Message-ID"));
    }

    async fn nobody_is_told_what_is_no_longer_so(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let (moved, unwanted) = (shop.erikas("1001").await, shop.erikas("1002").await);
        let order = shop.place(cups("1003")).await;
        let nameless = shop.ship(order).await.unwrap();
        shop.hears(&moved, "in_transit").await;
        shop.hears(&moved, "delivered").await;
        shop.hears(&nameless, "in_transit").await;
        shop.t.run_jobs().await;
        assert_eq!(shop.fates(moved.order).await, [
            "in_transit dropped after 0: the parcel has moved on",
            "delivered sent after 1",
        ]);
        assert_eq!(shop.fates(order).await, ["in_transit dropped after 0: the order has no e-mail address"]);
        shop.hears(&unwanted, "in_transit").await;
        let none = file::read(&setup("[]"), &|_| Err(String::new()), &|_| None, shop.app().connectors()).unwrap();
        shop.app().apply(none).await.unwrap();
        shop.t.run_jobs().await;
        assert_eq!(shop.fates(unwanted.order).await, ["in_transit dropped after 0: nobody is told of this any more"]);
        assert_eq!(post.letters().len(), 1);
    }

    async fn an_erased_person_is_not_written_to_and_no_address_stays(engine: Engine) {
        let (shop, post) = open(engine, ALL).await;
        let shipment = shop.erikas("1001").await;
        shop.hears(&shipment, "in_transit").await;
        post.trouble([Trouble::Says("550 5.1.1 erika@example.com: no such user")]);
        shop.t.run_jobs().await;
        shop.t.clock.advance(Duration::from_mins(1));
        shop.hears(&shipment, "delivered").await;
        post.trouble([Trouble::Says("450 4.2.1 busy with erika@example.com")]);
        shop.t.run_jobs().await;
        shop.app().erase(&shop.acme, &Whom::Email("erika@example.com".to_owned())).await.unwrap();
        shop.t.run_jobs().await;
        let kept = format!("{:?}", shop.notices(shipment.order).await);
        assert!(!kept.contains("erika"), "{kept}");
        shop.later(7_200).await;
        let fates = shop.fates(shipment.order).await;
        assert_eq!(fates[1], "delivered dropped after 1: the order has no e-mail address");
        assert_eq!(post.letters(), []);
    }
}
