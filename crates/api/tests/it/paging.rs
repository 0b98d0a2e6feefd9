//! Pages of the list, walked as clients do: by the `Link` header and nothing else.

use serde_json::json;
use testkit::{Answer, TestApp, on_both_engines};

use crate::fixture::{changed, order, place, serving};

/// Where the `Link` header leads, as a path of the same host.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let header = answer.header("link").to_owned();
    let link = header.split(", ").find(|link| link.ends_with(&format!("; rel=\"{relation}\"")))?;
    let url = link.strip_prefix('<')?.split_once('>')?.0;
    Some(url.strip_prefix("http://waybill.example").unwrap_or_else(|| panic!("{url} leads elsewhere")).to_owned())
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let data = answer.json()["data"].as_array().unwrap().clone();
    data.iter().map(|order| order["order_id"].as_str().unwrap().to_owned()).collect()
}

/// Walks from a page on; `meanwhile` is sent after the first one.
async fn walk(t: &TestApp, start: &str, relation: &str, meanwhile: Option<&str>) -> (Vec<Vec<String>>, String) {
    let (mut path, mut pages) = (start.to_owned(), Vec::new());
    loop {
        let answer = t.get(&path).await;
        pages.push(ids(&answer));
        assert!(pages.len() < 20, "the pages never end: {pages:?}");
        if let (1, Some(order_id)) = (pages.len(), meanwhile) {
            place(t, [order(order_id)]).await;
        }
        match link(&answer, relation) {
            Some(next) => path = next,
            None => return (pages, path),
        }
    }
}

on_both_engines! {
    async fn every_order_is_on_exactly_one_page_while_others_arrive(engine: Engine) {
        let t = serving(engine).await;
        // Everything ties but the id: same times, same number, one integration but one.
        let tied = |n: u32| {
            let order = changed(order(&format!("A{n}")), "/order_number", json!("same"));
            changed(order, "/order_details/integration/id", json!(if n == 4 { 8 } else { 7 }))
        };
        place(&t, (1..=7).map(tied)).await;
        let mut known: Vec<String> = (1..=7).map(|n| format!("A{n}")).collect();
        for (turn, query) in [
            "",
            "sort=pk",
            "sort=order_number",
            "sort=-order_number",
            "sort=order_created_at",
            "sort=-order_updated_at,integration",
            "sort=-integration,order_created_at,-pk",
            "integration=7,8",
            "integration[0]=8&integration[1]=7&sort=-order_number",
        ]
        .into_iter()
        .enumerate()
        {
            let whole = ids(&t.get(&format!("/api/v3/orders?{query}&page_size=200")).await);
            let newcomer = format!("X{turn}");
            let start = format!("/api/v3/orders/?{query}&page_size=2");
            let (pages, last) = walk(&t, &start, "next", Some(&newcomer)).await;
            let mut seen = pages.concat();
            seen.retain(|id| *id != newcomer);
            assert_eq!(seen, whole, "{query}: the same orders in the same sequence");
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == 2), "{query}: {pages:?}");

            let newcomer = format!("Y{turn}");
            let (back, _) = walk(&t, &last, "prev", Some(&newcomer)).await;
            let mut seen = back.into_iter().rev().collect::<Vec<_>>().concat();
            seen.retain(|id| !id.ends_with(&turn.to_string()) || !id.starts_with(['X', 'Y']));
            assert_eq!(seen, whole, "{query}: backwards");
            known.extend([format!("X{turn}"), newcomer]);
        }
        let mut all = ids(&t.get("/api/v3/orders?sort=pk").await);
        all.sort_unstable();
        known.sort_unstable();
        assert_eq!(all, known);
    }

    async fn a_page_turned_back_leads_forward_again(engine: Engine) {
        let t = serving(engine).await;
        place(&t, (1..=5).map(|n| order(&format!("A{n}")))).await;
        for sort in ["-pk", "order_created_at"] {
            let first = t.get(&format!("/api/v3/orders?page_size=2&sort={sort}")).await;
            assert_eq!(link(&first, "prev"), None);
            let second = t.get(&link(&first, "next").unwrap()).await;
            let back = t.get(&link(&second, "prev").unwrap()).await;
            assert_eq!(ids(&back), ids(&first), "{sort}");
            assert_eq!(link(&back, "prev"), None);
            assert_eq!(ids(&t.get(&link(&back, "next").unwrap()).await), ids(&second), "{sort}");
            let third = t.get(&link(&second, "next").unwrap()).await;
            assert_eq!((ids(&third).len(), link(&third, "next")), (1, None));
        }
    }

    async fn the_link_header_is_written_as_documented(engine: Engine) {
        let t = serving(engine).await;
        place(&t, (1..=3).map(|n| order(&format!("A{n}")))).await;
        let first = t.get("/api/v3/orders?page_size=2&integration=7").await;
        let next = "<http://waybill.example/api/v3/orders?cursor=cD0y&page_size=2&integration=7>; rel=\"next\"";
        assert_eq!(first.header("link"), next);
        let second = t.get(&link(&first, "next").unwrap()).await;
        let previous =
            "<http://waybill.example/api/v3/orders?cursor=cj0xJnA9MQ%3D%3D&page_size=2&integration=7>; rel=\"prev\"";
        assert_eq!(second.header("link"), previous);
    }

    async fn a_cursor_of_the_specification_is_understood(engine: Engine) {
        let t = serving(engine).await;
        place(&t, (1..=5).map(|n| order(&format!("A{n}")))).await;
        // r=1&p=300: what stands before order 300; the list begins with the newest, so nothing does.
        let answer = t.get("/api/v3/orders?cursor=cj0xJnA9MzAw").await;
        assert_eq!(answer.story(), json!({ "status": 200, "body": { "data": [] } }));
        // r=1&p=3, p=3, o=1&p=4 and r=1.
        for (cursor, expected) in [
            ("cj0xJnA9Mw==", vec!["A5", "A4"]),
            ("cD0z", vec!["A2", "A1"]),
            ("bz0xJnA9NA==", vec!["A2", "A1"]),
            ("cj0x", vec!["A5", "A4", "A3", "A2", "A1"]),
        ] {
            assert_eq!(ids(&t.get(&format!("/api/v3/orders?cursor={cursor}")).await), expected, "{cursor}");
        }
        assert_eq!(ids(&t.get("/api/v3/orders?cursor=cj0xJnA9MzAw&sort=pk").await), ["A1", "A2", "A3", "A4", "A5"]);
    }

    async fn a_page_has_one_to_two_hundred_orders(engine: Engine) {
        let t = serving(engine).await;
        for hundred in 0..3 {
            place(&t, (0..70).map(|n| order(&format!("A{hundred}-{n}")))).await;
        }
        for (size, count) in [("", 100), ("1", 1), ("0", 1), ("-3", 1), ("200", 200), ("5000", 200), ("many", 100)] {
            let answer = t.get(&format!("/api/v3/orders?page_size={size}")).await;
            assert_eq!(ids(&answer).len(), count, "{size}");
            assert!(link(&answer, "next").is_some());
        }
    }
}
