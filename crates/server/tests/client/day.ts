// One day of a warehouse, done with the client that was generated: its address and its key are the two arguments.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type OrderInput = components["schemas"]["OrderInput"];

const [baseUrl, key] = process.argv.slice(2);
assert(baseUrl && key, "usage: node day.js ADDRESS KEY");
const waybill = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${key}` } });

const ORDERS = 1000;

function order(n: number): OrderInput {
  return {
    external_id: `day-${n}`,
    number: `D-${n}`,
    items: [{ id: "a", sku: "CUP-1", name: "Cup", quantity: 2, unit_price: { amount: "4.50", currency: "EUR" }, weight_kg: "0.3" }],
    total: { amount: "9.00", currency: "EUR" },
    shipping_address: {
      name: "Erika Mustermann", street1: "Heidestraße", house_number: "17", postal_code: "10557", city: "Berlin", country: "DE",
    },
  };
}

/** What an answer holds when it is a good one; says what was wrong when it is not. */
function good<T, E>(what: string, answer: { data?: T; error?: E; response: Response }): T {
  assert(answer.data !== undefined, `${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  return answer.data;
}

/** Every number below `count` once, eight at a time. */
async function each(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (next < count) await work(next++);
  }));
}

// The orders come in, and once more without harm.
const ids: string[] = new Array(ORDERS);
await each(ORDERS, async (n) => {
  ids[n] = good("placing", await waybill.POST("/v1/orders", { body: order(n) })).id;
});
const again = await waybill.POST("/v1/orders", { body: order(0) });
assert.equal(again.response.status, 200);
assert.equal(good("placing again", again).id, ids[0]);

// A mistake is told field by field.
const refused = await waybill.POST("/v1/orders", { body: { items: [{ name: "Cup", quantity: -1 }] } });
assert.equal(refused.response.status, 400);
assert(refused.error && JSON.stringify(refused.error).includes("/items/0/quantity"), JSON.stringify(refused.error));

// They are labelled in one batch, but for one that ships by itself.
const first = ids[0]!;
const begun = good("the batch", await waybill.POST("/v1/batches", { body: { orders: ids.slice(1), format: "pdf_a6" } }));
let batch = begun;
for (const until = Date.now() + 240_000; batch.status !== "done"; ) {
  assert(Date.now() < until, `the batch is not done: ${JSON.stringify(batch.counts)}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  batch = good("the batch", await waybill.GET("/v1/batches/{id}", { params: { path: { id: begun.id } } }));
}
assert.deepEqual(batch.counts, { total: ORDERS - 1, waiting: 0, labelled: ORDERS - 1, skipped: 0, failed: 0 });
const merged = batch.documents[0]!;
const file = good("the merged file", await waybill.GET("/v1/documents/{id}", {
  params: { path: { id: merged.id } }, parseAs: "arrayBuffer",
}));
assert.equal(Buffer.from(file as unknown as ArrayBuffer).subarray(0, 5).toString(), "%PDF-");

// One order: what it would cost, its shipment, its label.
const rates = good("rates", await waybill.POST("/v1/orders/{id}/rates", { params: { path: { id: first } } }));
assert(rates.rates.length > 0, JSON.stringify(rates));
const shipment = good("shipping", await waybill.POST("/v1/orders/{id}/shipments", { params: { path: { id: first } } }));
const parcel = shipment.parcels[0]!;
const label = good("the label", await waybill.GET("/v1/parcels/{id}/label", {
  params: { path: { id: parcel.id } }, parseAs: "text",
}));
assert(String(label).startsWith("%PDF-"));

// It is not wanted after all.
const cancelled = good("cancelling", await waybill.POST("/v1/shipments/{id}/cancel", { params: { path: { id: shipment.id } } }));
assert.equal(cancelled.status, "cancelled");

console.log(`${ORDERS} orders placed, ${batch.counts.labelled} labelled in a batch, one shipped and cancelled`);
