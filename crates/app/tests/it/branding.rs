//! Branding: how a tenant looks to those who wait for its parcels.

use std::time::Duration;

use app::branding::BrandingForm;
use app::setup::file;
use domain::branding::LogoKind;
use domain::channel::Dialect;
use domain::{Error, Result};
use testkit::{TestApp, on_both_engines, scripted_setup};

use crate::fixture::Shop;

/// A JPEG of 320 × 200 pixels, as far as its frame tells.
const JPEG: &[u8] = b"\xff\xd8\xff\xc0\0\x0b\x08\0\xc8\x01\x40\x01\x01\x11\0\xff\xd9";

fn form() -> BrandingForm {
    BrandingForm {
        name: " Acme at home ".to_owned(),
        colour: "#FFE000".to_owned(),
        header_colour: String::new(),
        of: vec!["delivered".to_owned(), "shipped".to_owned()],
        reply_to: "help@example.com".to_owned(),
    }
}

async fn apply(t: &TestApp, text: &str) -> app::setup::Applied {
    let files = |name: &str| if name == "logo.jpg" { Ok(JPEG.to_vec()) } else { Err("no such file".to_owned()) };
    let setup = file::read(text, &files, &|_| None, t.app.connectors()).unwrap();
    t.app.apply(setup).await.unwrap()
}

fn said<T>(answer: Result<T>) -> Vec<String> {
    match answer {
        Err(Error::Invalid(problems)) => problems.iter().map(|one| format!("{}: {}", one.path, one.message)).collect(),
        _ => panic!("it was taken"),
    }
}

on_both_engines! {
    async fn what_is_chosen_is_shown_and_told_as_an_act(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let token = &shipment.parcels[0].tracking_token;
        assert_eq!(shop.app().logo_of_parcel(token).await, Err(Error::NotFound("logo")));
        shop.app().save_branding(&shop.acme, &form()).await.unwrap();
        shop.app().put_logo(&shop.acme, JPEG.into()).await.unwrap();
        let page = shop.app().tracking_page(token).await.unwrap();
        assert_eq!(page.tenant_name, "Acme at home");
        assert_eq!(page.branding.colour.map(|colour| colour.to_string()).as_deref(), Some("#ffe000"));
        assert_eq!(page.branding.logo.map(|logo| (logo.kind, logo.width, logo.height)), Some((LogoKind::Jpeg, 320, 200)));
        assert_eq!(shop.app().logo_of_parcel(token).await, Ok((LogoKind::Jpeg, JPEG.into())));
        // Another change leaves the logo alone.
        shop.app().save_branding(&shop.acme, &BrandingForm::default()).await.unwrap();
        assert_eq!(shop.app().tracking_page(token).await.unwrap().tenant_name, "Acme GmbH");
        assert!(shop.app().logo_of_parcel(token).await.is_ok());
        shop.app().drop_logo(&shop.acme).await.unwrap();
        assert_eq!(shop.app().logo_of_parcel(token).await, Err(Error::NotFound("logo")));
        let acts = shop.app().acts(&shop.acme, &app::acts::ActFilter::default(), None, 100).await.unwrap();
        let changes = acts.done.iter().filter(|done| app::acts::kind_name(done) == "setup.changed").count();
        assert_eq!(changes, 5, "the setup file and four changes");
        // Nobody else looks like that.
        let other = shop.t.caller("sec-other", Dialect::Native).await;
        assert_eq!(shop.app().logo(&other).await, Err(Error::NotFound("logo")));
    }

    async fn every_mistake_is_told_and_nothing_is_stored(engine: Engine) {
        let shop = Shop::open(engine).await;
        let wrong = BrandingForm {
            name: "x".repeat(81),
            colour: "red".to_owned(),
            header_colour: "#12345".to_owned(),
            of: vec!["shipped".to_owned(), "sent".to_owned()],
            reply_to: "help".to_owned(),
        };
        let told = said(shop.app().save_branding(&shop.acme, &wrong).await);
        assert_eq!(told, [
            "name: it is longer than 80 characters, or not a line",
            "colour: \"red\": expected a colour as # and six hexadecimal digits, such as #0b5cad",
            "header_colour: \"#12345\": expected a colour as # and six hexadecimal digits, such as #0b5cad",
            "of: \"sent\" is nothing to tell of: expected some of shipped, out_for_delivery, at_service_point, delivered, problem",
            "reply_to: \"help\" is no e-mail address: expected one such as help@example.com",
        ]);
        let told = said(shop.app().put_logo(&shop.acme, b"<svg/>".as_slice().into()).await);
        assert_eq!(told, ["logo: it is neither a PNG nor a JPEG, expected one of these"]);
        let acme = shop.t.caller("sec-acme", Dialect::Native).await;
        assert_eq!((&acme.setup.tenant.branding, &acme.setup.tenant.notices), (&None, &None));
    }

    async fn a_setup_file_sets_back_what_it_names_and_leaves_alone_what_it_does_not(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.app().save_branding(&shop.acme, &form()).await.unwrap();
        assert!(apply(&shop.t, &scripted_setup()).await.changes.is_empty(), "it names no looks");
        let line = "time_zone = \"Europe/Berlin\"\n";
        let named = format!("{line}branding = {{ header_colour = \"#101c3c\", logo = \"logo.jpg\" }}\n");
        let text = scripted_setup().replacen(line, &named, 1);
        assert_eq!(apply(&shop.t, &text).await.changes.get("tenant"), Some(&1));
        assert!(apply(&shop.t, &text).await.changes.is_empty());
        let acme = shop.t.caller("sec-acme", Dialect::Native).await;
        let branding = acme.setup.tenant.branding.clone().unwrap();
        assert_eq!((branding.name, branding.colour), (None, None));
        assert_eq!(acme.setup.tenant.notices.as_ref().map(|notices| notices.of.len()), Some(2));
        assert_eq!(shop.app().logo(&acme).await, Ok((LogoKind::Jpeg, JPEG.into())));
    }

    async fn a_logo_outlives_the_sweeping_of_what_nobody_names(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.app().put_logo(&shop.acme, JPEG.into()).await.unwrap();
        let unnamed = shop.app().blobs().put(shop.acme.tenant(), b"nobody names it".as_slice().into()).await.unwrap();
        // Files are as old as they are by the clock of the machine.
        shop.t.clock.advance(Duration::from_hours(24 * 366 * 100));
        shop.t.run_jobs().await;
        let acme = shop.t.caller("sec-acme", Dialect::Native).await;
        assert_eq!(shop.app().logo(&acme).await, Ok((LogoKind::Jpeg, JPEG.into())));
        assert_eq!(shop.app().blobs().read(acme.tenant(), &unnamed).await.unwrap(), None);
    }
}
