// One day of a warehouse, done with the client that was generated: its address and its key are the two arguments.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const [baseUrl, key] = process.argv.slice(2);
assert(baseUrl && key, "usage: node day.js ADDRESS KEY");
const waybill = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${key}` } });

/** So many orders were imported before. */
const ORDERS = 1000;

const mug: components["schemas"]["OrderInput"] = {
  external_id: "counter-1",
  items: [{ id: "a", sku: "MUG-1", name: "Mug", quantity: 1, unit_price: { amount: "7.00", currency: "EUR" }, weight_kg: "0.4" }],
  shipping_address: {
    name: "Erika Mustermann", street1: "Heidestraße", house_number: "17", postal_code: "10557", city: "Berlin", country: "DE",
  },
};

/** What an answer holds when it is a good one; says what was wrong when it is not. */
function good<T, E>(what: string, answer: { data?: T; error?: E; response: Response }): T {
  assert(answer.data !== undefined, `${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

// The orders of the night are there.
const ids: string[] = [];
for (let after: string | undefined; ; ) {
  const query = after === undefined ? { limit: 200, fields: "id" } : { limit: 200, fields: "id", after };
  const page = good("the list", await waybill.GET("/v1/orders", { params: { query } }));
  ids.push(...page.data.map((order) => order.id));
  after = page.next;
  if (after === undefined) break;
}
assert.equal(new Set(ids).size, ORDERS);

// One more comes in at the counter, and once more without harm.
const one = good("placing", await waybill.POST("/v1/orders", { body: mug })).id;
const again = await waybill.POST("/v1/orders", { body: mug });
assert.equal(again.response.status, 200);
assert.equal(good("placing again", again).id, one);

// A mistake is told field by field.
const refused = await waybill.POST("/v1/orders", { body: { items: [{ name: "Cup", quantity: -1 }] } });
assert.equal(refused.response.status, 400);
assert(refused.error && JSON.stringify(refused.error).includes("/items/0/quantity"), JSON.stringify(refused.error));

// Those of the night are labelled in one batch.
const begun = good("the batch", await waybill.POST("/v1/batches", { body: { orders: ids, format: "pdf_a6" } }));
let batch = begun;
for (const until = Date.now() + 240_000; batch.status !== "done"; ) {
  assert(Date.now() < until, `the batch is not done: ${JSON.stringify(batch.counts)}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  batch = good("the batch", await waybill.GET("/v1/batches/{id}", { params: { path: { id: begun.id } } }));
}
assert.deepEqual(batch.counts, { total: ORDERS, waiting: 0, labelled: ORDERS, skipped: 0, failed: 0 });
const merged = batch.documents[0]!;
const file = good("the merged file", await waybill.GET("/v1/documents/{id}", {
  params: { path: { id: merged.id } }, parseAs: "arrayBuffer",
}));
assert.equal(Buffer.from(file as unknown as ArrayBuffer).subarray(0, 5).toString(), "%PDF-");

// The one of the counter: what it would cost, its shipment, its label.
const rates = good("rates", await waybill.POST("/v1/orders/{id}/rates", { params: { path: { id: one } } }));
assert(rates.rates.length > 0, JSON.stringify(rates));
const shipment = good("shipping", await waybill.POST("/v1/orders/{id}/shipments", { params: { path: { id: one } } }));
const parcel = shipment.parcels[0]!;
const label = good("the label", await waybill.GET("/v1/parcels/{id}/label", {
  params: { path: { id: parcel.id } }, parseAs: "text",
}));
assert(String(label).startsWith("%PDF-"));

// It is not wanted after all.
const cancelled = good("cancelling", await waybill.POST("/v1/shipments/{id}/cancel", { params: { path: { id: shipment.id } } }));
assert.equal(cancelled.status, "cancelled");

// The driver comes: everything that was labelled and is still meant to go is on the list, which is closed and signed.
const list = good("the manifest", await waybill.POST("/v1/manifests", { body: { carrier_account: "house" } }));
const closed = good("closing", await waybill.POST("/v1/manifests/{id}/close", { params: { path: { id: list.id } } }));
assert.equal(closed.status, "closed");
assert.equal(good("the list", await waybill.GET("/v1/manifests/{id}", { params: { path: { id: list.id } } })).parcels, ORDERS);
const paper = good("the paper", await waybill.GET("/v1/manifests/{id}/document", {
  params: { path: { id: list.id } }, parseAs: "text",
}));
assert(String(paper).startsWith("%PDF-"));

// One customer sends a cup back; more than she got is refused.
const returning = { params: { path: { id: ids[0]! } } };
const back = good("the return", await waybill.POST("/v1/orders/{id}/returns", {
  ...returning, body: { items: [{ item: "CUP-1", quantity: 1 }], reason: "chipped" },
}));
assert.equal(back.kind, "return");
assert.equal(back.status, "booked");
assert.equal(back.parcels.length, 1);
const tooMany = await waybill.POST("/v1/orders/{id}/returns", { ...returning, body: { items: [{ item: "CUP-1", quantity: 2 }] } });
assert(tooMany.error && JSON.stringify(tooMany.error).includes("/items/0/quantity"), JSON.stringify(tooMany.error));

// The day goes to the books.
const asLines = { params: { query: { format: "jsonl" as const } }, parseAs: "text" as const };
const lines = (what: string, answer: { data?: unknown; error?: unknown; response: Response }): any[] =>
  String(good(what, answer)).trimEnd().split("\n").map((line) => JSON.parse(line));
const orders = lines("the orders", await waybill.GET("/v1/exports/orders", asLines));
const shipments = lines("the shipments", await waybill.GET("/v1/exports/shipments", asLines));
const paid = lines("what they cost", await waybill.GET("/v1/exports/rates", asLines));
assert.equal(orders.length, ORDERS + 1);
assert.equal(shipments.filter((line) => line.status === "booked").length, ORDERS + 1);
assert.equal(shipments.filter((line) => line.status === "cancelled").length, 1);
assert.equal(paid.length, ORDERS + 2);

console.log(
  `${ids.length} orders imported, ${batch.counts.labelled} labelled in a batch, one shipped and cancelled, ` +
    `${ORDERS} handed over, one sent back, ${orders.length} orders and ${shipments.length} shipments exported`,
);
