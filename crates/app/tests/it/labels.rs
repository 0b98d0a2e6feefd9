//! Labels: stored when they are bought, printed again without the carrier.

use std::path::{Path, PathBuf};

use domain::document::{Dpi, Format, Paper};
use domain::shipment::{Shipment, ShipmentStatus};
use domain::{Error, Result};
use testkit::on_both_engines;

use crate::fixture::{Shop, cups};

const BOUGHT: Format = Format::Pdf(Paper::Mm100x150);

/// Puts a file where the folder of documents was: nothing can be stored, whoever runs the test.
fn block(folder: &Path) -> PathBuf {
    let aside = folder.with_extension("aside");
    std::fs::rename(folder, &aside).unwrap();
    std::fs::write(folder, "not a folder").unwrap();
    aside
}

fn unblock(folder: &Path, aside: &Path) {
    std::fs::remove_file(folder).unwrap();
    std::fs::rename(aside, folder).unwrap();
}

/// The files in which documents' bytes lie.
fn files(folder: &Path) -> Vec<PathBuf> {
    let tenant = folder.join("acme");
    std::fs::read_dir(tenant).unwrap().map(|entry| entry.unwrap().path()).collect()
}

impl Shop {
    async fn label(&self, shipment: &Shipment, format: Format) -> Result<Vec<u8>> {
        let found = self.app().label(&self.acme, shipment.parcels[0].id, format).await;
        found.map(|(_, bytes)| bytes.to_vec())
    }

    /// A shipment to somebody with this name, and the warnings of its label's document.
    async fn shipped_to(&self, name: &str) -> (Shipment, Vec<String>) {
        let mut details = cups(name);
        details.number = Some("1001".to_owned());
        details.shipping_address.as_mut().unwrap().name = Some(name.to_owned());
        let order = self.place(details).await;
        let shipment = self.ship(order).await.unwrap();
        let mut documents = self.app().documents(&self.acme, shipment.id).await.unwrap();
        assert_eq!(documents.len(), 1);
        (shipment, documents.remove(0).warnings)
    }
}

on_both_engines! {
    async fn b4_a_shipment_is_ready_to_print_only_when_its_labels_bytes_are_stored(engine: Engine) {
        let shop = Shop::open(engine).await;
        let order = shop.order("1001").await;
        let aside = block(&shop.t.blobs);
        let booked = shop.ship(order).await.unwrap();
        assert_eq!(booked.status, ShipmentStatus::Booked);
        assert!(!booked.is_ready_to_print() && !booked.parcels[0].has_label);
        assert!(booked.parcels[0].tracking_number.is_some());
        assert_eq!(shop.app().documents(&shop.acme, booked.id).await.unwrap(), []);
        let story = ["order.created", "shipment.requested", "shipment.booked"];
        assert_eq!(shop.story(order).await, story);
        // As long as nothing can be stored, it stays so.
        shop.t.run_jobs().await;
        assert_eq!(shop.story(order).await, story);
        assert!(shop.label(&booked, BOUGHT).await.is_err());

        unblock(&shop.t.blobs, &aside);
        shop.later(6).await;
        let ready = shop.shipment(booked.id).await;
        assert!(ready.is_ready_to_print());
        assert_eq!(ready.parcels[0].tracking_number, booked.parcels[0].tracking_number);
        assert_eq!(shop.asked(), (1, 0, 1));
        assert_eq!(shop.story(order).await[3..], ["shipment.ready_to_print"]);
        assert!(shop.label(&ready, BOUGHT).await.unwrap().starts_with(b"%PDF"));
    }

    async fn b4_a_missing_label_of_the_carriers_own_is_fetched_without_booking_again(engine: Engine) {
        const OWN: &[u8] = b"%PDF-1.4 of the carrier";
        let shop = Shop::open(engine).await;
        shop.carrier.ledger(|ledger| ledger.label = Some(OWN.to_vec()));
        let order = shop.order("1001").await;
        let aside = block(&shop.t.blobs);
        let booked = shop.ship(order).await.unwrap();
        assert!(booked.status == ShipmentStatus::Booked && !booked.is_ready_to_print());
        unblock(&shop.t.blobs, &aside);
        shop.t.run_jobs().await;
        assert!(shop.shipment(booked.id).await.is_ready_to_print());
        assert_eq!(shop.label(&booked, Format::Pdf(Paper::A6)).await.unwrap(), OWN);
        assert_eq!(shop.asked(), (1, 0, 1));
        // What the carrier drew is what there is, whatever paper is asked for; as another kind of file there is none.
        assert_eq!(shop.label(&booked, BOUGHT).await.unwrap(), OWN);
        let refused = shop.label(&booked, Format::Zpl(Dpi::D203)).await.unwrap_err();
        assert_eq!(refused.to_string(), "format: the carrier's label cannot be had as zpl_203: label: the carrier's label \
            cannot be put in: it is no PDF, or it is encrypted; it can be had as pdf_a6");
    }

    async fn b4_bytes_that_vanish_or_rot_are_drawn_again_without_the_carrier(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let bought = shop.label(&shipment, BOUGHT).await.unwrap();
        let [file] = files(&shop.t.blobs).try_into().unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(shop.label(&shipment, BOUGHT).await.unwrap(), bought);
        assert_eq!(std::fs::read(&file).unwrap(), bought);
        std::fs::write(&file, "rotten").unwrap();
        let documents = shop.app().documents(&shop.acme, shipment.id).await.unwrap();
        let rotten = shop.app().document(&shop.acme, documents[0].id).await;
        assert_eq!(rotten, Err(Error::NotFound("document")));
        assert_eq!(shop.label(&shipment, BOUGHT).await.unwrap(), bought);
        assert_eq!(std::fs::read(&file).unwrap(), bought);
        // It is the same document as before.
        assert_eq!(shop.app().documents(&shop.acme, shipment.id).await.unwrap(), documents);
        assert_eq!(shop.asked(), (1, 0, 1));
    }

    async fn c4_cyrillic_and_greek_are_printed_as_they_are(engine: Engine) {
        let shop = Shop::open(engine).await;
        for name in ["Щербакова Юлія", "Ελευθερία Παπαδοπούλου", "Wąchała-Żółć", "Jürgen Größmann"] {
            let (shipment, warnings) = shop.shipped_to(name).await;
            assert_eq!(warnings, [""; 0], "{name}");
            assert_eq!(shipment.details.warnings, [""; 0], "{name}");
            assert_eq!(shipment.details.recipient.name.as_deref(), Some(name));
        }
    }

    async fn c4_chinese_is_transliterated_and_the_shipment_says_so(engine: Engine) {
        let shop = Shop::open(engine).await;
        let (shipment, warnings) = shop.shipped_to("王小明").await;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let expected = "recipient name: \"王小明\" is printed as \"Wang Xiao Ming\", because the fonts lack";
        assert!(warnings[0].starts_with(expected), "{warnings:?}");
        assert_eq!(shipment.details.warnings, warnings);
        assert_eq!(shop.shipment(shipment.id).await.details.warnings, warnings);
        assert_eq!(shipment.details.recipient.name.as_deref(), Some("王小明"));
    }

    async fn i4_a_label_is_printed_again_in_every_format_with_the_carrier_switched_off(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let bought = shop.label(&shipment, BOUGHT).await.unwrap();
        let off = shop.t.another(Vec::new()).await;
        let mut drawn = Vec::new();
        for format in Format::ALL {
            let (document, bytes) = off.label(&shop.acme, shipment.parcels[0].id, format).await.unwrap();
            assert_eq!((document.format, document.size), (format, bytes.len() as u64));
            let again = off.label(&shop.acme, shipment.parcels[0].id, format).await.unwrap();
            assert_eq!(again, (document, bytes.clone()), "{}", format.name());
            drawn.push(bytes.to_vec());
        }
        assert_eq!(drawn[0], bought);
        for (format, bytes) in Format::ALL.into_iter().zip(&drawn) {
            let start: &[u8] = match format {
                Format::Pdf(_) => b"%PDF",
                Format::Zpl(_) => b"^XA",
                Format::Png(_) => b"\x89PNG",
            };
            assert!(bytes.starts_with(start), "{}", format.name());
        }
        off.store().close().await;
        // A year later, with the order deleted, they are what they were.
        shop.t.clock.advance(std::time::Duration::from_hours(365 * 24));
        shop.app().delete_order(&shop.acme, shipment.order).await.unwrap();
        for (format, before) in Format::ALL.into_iter().zip(&drawn) {
            assert_eq!(&shop.label(&shipment, format).await.unwrap(), before, "{}", format.name());
        }
        assert_eq!(shop.app().documents(&shop.acme, shipment.id).await.unwrap().len(), Format::ALL.len());
    }

    async fn i2_a_carriers_own_label_comes_on_the_paper_that_is_asked_for_and_is_kept(engine: Engine) {
        let shop = Shop::open(engine).await;
        // The carrier's label: a quarter of a sheet of A4, sent as if it were A6.
        let theirs = shop.label(&shop.shipped("ours").await, Format::Pdf(Paper::A4)).await.unwrap();
        shop.carrier.ledger(|ledger| ledger.label = Some(theirs.clone()));
        let shipment = shop.shipped("1001").await;
        let is_on = |pdf: &[u8], media_box: &str| String::from_utf8_lossy(pdf).contains(&format!("/MediaBox[0 0 {media_box}]"));
        assert!(is_on(&theirs, "595.276 841.89"));
        let roll = shop.label(&shipment, BOUGHT).await.unwrap();
        assert!(is_on(&roll, "283.465 425.197") && !is_on(&roll, "595.276 841.89"));
        assert_eq!(shop.label(&shipment, BOUGHT).await.unwrap(), roll);
        let kept: Vec<_> = shop.app().documents(&shop.acme, shipment.id).await.unwrap().iter().map(|one| one.format.name()).collect();
        assert_eq!(kept, ["pdf_a6", "pdf_100x150"]);
        // For a label printer and as a picture it is drawn in dots, at each resolution, and kept. No carrier is asked.
        let asked = shop.asked();
        for dpi in [Dpi::D203, Dpi::D300, Dpi::D600] {
            let (wide, high) = ((100.0 * dpi.dots_per_mm()).round(), (150.0 * dpi.dots_per_mm()).round());
            let zpl = String::from_utf8(shop.label(&shipment, Format::Zpl(dpi)).await.unwrap()).unwrap();
            assert!(zpl.starts_with(&format!("^XA^PW{wide}^LL{high}^LH0,0\n")) && zpl.contains("^GFA,"), "{}", &zpl[..40]);
            assert_eq!(shop.label(&shipment, Format::Zpl(dpi)).await.unwrap(), zpl.into_bytes());
            assert!(shop.label(&shipment, Format::Png(dpi)).await.unwrap().starts_with(b"\x89PNG"));
        }
        assert_eq!(shop.asked(), asked);
        assert_eq!(shop.app().documents(&shop.acme, shipment.id).await.unwrap().len(), 8);
    }

    async fn i2_zpl_of_a_carrier_is_for_one_resolution_and_another_is_refused_with_what_there_is(engine: Engine) {
        let shop = Shop::open(engine).await;
        shop.carrier.ledger(|ledger| ledger.label = Some(b"^XA^FO10,10^FDTheirs^FS^XZ".to_vec()));
        let shipment = shop.shipped("1001").await;
        let own = shop.label(&shipment, Format::Zpl(Dpi::D203)).await.unwrap();
        assert_eq!(own, b"^XA^FO10,10^FDTheirs^FS^XZ");
        for format in [Format::Zpl(Dpi::D300), BOUGHT, Format::Png(Dpi::D203)] {
            let refused = shop.label(&shipment, format).await.unwrap_err().to_string();
            let name = format.name();
            assert_eq!(refused, format!("format: the carrier's label cannot be had as {name}; it can be had as zpl_203"));
        }
    }

    async fn i4_a_link_opens_the_document_until_it_expires(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let document = shop.app().documents(&shop.acme, shipment.id).await.unwrap().remove(0);
        let link = shop.app().document_link(shop.acme.tenant(), document.id);
        let token = link.strip_prefix("http://127.0.0.1:8080/d/").unwrap();
        let (opened, bytes) = shop.app().open_document_link(token).await.unwrap();
        assert_eq!(opened, document);
        assert_eq!(bytes.to_vec(), shop.label(&shipment, BOUGHT).await.unwrap());
        assert!(shop.app().open_document_link(&format!("{token}A")).await.is_err());
        shop.t.clock.advance(std::time::Duration::from_hours(7 * 24));
        assert_eq!(shop.app().open_document_link(token).await, Err(Error::NotFound("document")));
        // The document itself does not expire.
        assert!(shop.app().document(&shop.acme, document.id).await.is_ok());
    }

    async fn a_label_belongs_to_its_tenant(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let other = shop.t.caller("sec-other", domain::channel::Dialect::Native).await;
        let document = shop.app().documents(&shop.acme, shipment.id).await.unwrap().remove(0);
        assert_eq!(shop.app().document(&other, document.id).await, Err(Error::NotFound("document")));
        assert_eq!(shop.app().shipment(&other, shipment.id).await, Err(Error::NotFound("shipment")));
        assert_eq!(shop.app().cancel(&other, shipment.id).await, Err(Error::NotFound("shipment")));
        assert_eq!(shop.app().documents(&other, shipment.id).await.unwrap(), []);
        let label = shop.app().label(&other, shipment.parcels[0].id, BOUGHT).await;
        assert_eq!(label, Err(Error::NotFound("parcel")));
        assert_eq!(shop.asked(), (1, 0, 1));
    }

    async fn a_packing_slip_is_drawn_and_kept(engine: Engine) {
        let shop = Shop::open(engine).await;
        let shipment = shop.shipped("1001").await;
        let (slip, bytes) = shop.app().packing_slip(&shop.acme, shipment.id).await.unwrap();
        assert!(bytes.starts_with(b"%PDF"));
        assert_eq!(shop.app().document(&shop.acme, slip.id).await.unwrap(), (slip, bytes));
    }
}
