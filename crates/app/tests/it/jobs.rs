//! Jobs: one runner at a time, and what they find they may take away.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use app::clock::later;
use domain::Timestamp;
use testkit::on_both_engines;

use crate::fixture::Shop;

/// Puts bytes under a tenant's folder with an age in hours by the fixed clock.
fn put(folder: &Path, name: &str, now: Timestamp, hours: u64) -> PathBuf {
    let path = folder.join("acme").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "left behind by a crash").unwrap();
    age(&path, now, hours);
    path
}

fn age(path: &Path, now: Timestamp, hours: u64) {
    let at = SystemTime::from(now) - Duration::from_secs(hours * 3600);
    let times = std::fs::FileTimes::new().set_modified(at);
    std::fs::File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

on_both_engines! {
    async fn a_lease_keeps_a_job_from_two_runners(engine: Engine) {
        let shop = Shop::open(engine).await;
        let now = shop.t.now();
        let minute = |count: u64| later(now, Duration::from_secs(count * 60));
        let lease = async |at: Timestamp, until: Timestamp| {
            shop.app().store().write(async move |tx| tx.lease_job("paint_the_van", at, until).await).await.unwrap()
        };
        let finish = async |until: Timestamp| {
            shop.app().store().write(async move |tx| tx.finish_job("paint_the_van", until).await).await.unwrap();
        };
        assert!(lease(now, minute(1)).await);
        assert!(!lease(now, minute(1)).await);
        assert!(!lease(later(now, Duration::from_secs(59)), minute(2)).await);
        // The first runner took too long: another one has the job, and keeps it when the first comes to its end.
        assert!(lease(minute(1), minute(2)).await);
        finish(minute(1)).await;
        assert!(!lease(minute(1), minute(2)).await);
        finish(minute(2)).await;
        assert!(lease(minute(1), minute(3)).await);
    }

    async fn two_processes_run_the_jobs_side_by_side_until_they_are_stopped(engine: Engine) {
        let shop = Shop::open(engine).await;
        let other = shop.t.another(Vec::new()).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let (one, two) = (shop.app().clone(), other.clone());
        let first = tokio::spawn({
            let stopped = stopped.clone();
            async move { one.run_jobs(stopped).await }
        });
        let second = tokio::spawn(async move { two.run_jobs(stopped).await });
        let shipment = shop.shipped("1001").await;
        let began = tokio::time::Instant::now();
        while shop.app().feed(&shop.acme, 0, 10).await.unwrap().len() < 4 {
            assert!(began.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(10), async { (first.await.unwrap(), second.await.unwrap()) })
            .await
            .unwrap();
        let positions: Vec<_> =
            shop.app().feed(&shop.acme, 0, 10).await.unwrap().into_iter().map(|(position, _)| position).collect();
        assert_eq!(positions, [1, 2, 3, 4]);
        assert_eq!(shop.story(shipment.order).await.len(), 4);
        other.store().close().await;
    }

    async fn only_unreferenced_bytes_older_than_a_day_are_swept(engine: Engine) {
        let shop = Shop::open(engine).await;
        let (blobs, now) = (shop.t.blobs.clone(), shop.t.now());
        let shipment = shop.shipped("1001").await;
        let document = shop.app().documents(&shop.acme, shipment.id).await.unwrap().remove(0);
        let label = blobs.join("acme").join(&document.sha256);
        age(&label, now, 1000);
        let old = put(&blobs, &"a".repeat(64), now, 25);
        let young = put(&blobs, &"b".repeat(64), now, 23);
        // A document of another tenant protects nobody else's bytes.
        let theirs = blobs.join("other").join(&document.sha256);
        std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
        std::fs::copy(&label, &theirs).unwrap();
        age(&theirs, now, 25);
        shop.t.run_jobs().await;
        let left = [&label, &old, &young, &theirs].map(|path| path.exists());
        assert_eq!(left, [true, false, true, false]);
        shop.later(2 * 3600).await;
        assert!(label.exists() && !young.exists());
    }
}
