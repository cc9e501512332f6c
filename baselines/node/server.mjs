// The lab's endpoints in Node, in its usual style, without packages.
//
// All handlers run on one event loop: one that blocks stops all others, `async` or not.
// Every reply has the fields of the WebAssembly components' replies; its instance is the process and the
// thread.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";

const instance = `${process.pid}-${threadId}`;
let served = 0;
let inFlight = 0;

// Nothing ever notifies this value: waiting on it blocks the thread until the timeout.
const neverNotified = new Int32Array(new SharedArrayBuffer(4));

function block(ms) {
  Atomics.wait(neverNotified, 0, 0, ms);
}

function burn(ms) {
  const begun = process.cpuUsage();
  let spent = 0;
  while (spent < ms) {
    const { user, system } = process.cpuUsage(begun);
    spent = (user + system) / 1_000;
  }
}

const endpoints = {
  "/e1/p1": { style: "sync", waitMs: 10_000, handler: (ms) => block(ms) },
  "/e1/p2": { style: "async-blocking", waitMs: 1_000, handler: async (ms) => block(ms) },
  "/e2/p1": { style: "sync", waitMs: 1_000, handler: (ms) => block(ms) },
  "/e2/p2": { style: "async-blocking", waitMs: 1_000, handler: async (ms) => block(ms) },
  "/e2/p3": { style: "async-awaiting", waitMs: 1_000, handler: (ms) => sleep(ms) },
  "/e2/p4": {
    style: "await-then-block",
    waitMs: 1_000,
    handler: async (ms) => {
      await sleep(ms / 10);
      block(ms);
    },
  },
  "/e2/p5": { style: "cpu", waitMs: 1_000, handler: (ms) => burn(ms) },
};

function unixNs() {
  return Math.round((performance.timeOrigin + performance.now()) * 1_000) * 1_000;
}

function waitMs(query, byDefault) {
  const given = query.get("wait_ms") ?? String(byDefault);
  return /^\d{1,5}$/.test(given) && Number(given) <= 60_000 ? Number(given) : undefined;
}

async function answer(request, response) {
  const url = new URL(request.url, "http://localhost");
  const endpoint = endpoints[url.pathname];
  if (endpoint === undefined) {
    response.writeHead(404).end();
    return;
  }
  const wait = waitMs(url.searchParams, endpoint.waitMs);
  if (wait === undefined) {
    response.writeHead(400).end("wait_ms from 0 to 60000 is allowed\n");
    return;
  }
  const reply = {
    endpoint: url.pathname.slice(1).replace("/", "-"),
    style: endpoint.style,
    wait_ms: wait,
    instance,
    served: ++served,
    in_flight: ++inFlight,
    entered_unix_ns: unixNs(),
  };
  await endpoint.handler(wait);
  inFlight -= 1;
  reply.left_unix_ns = unixNs();
  reply.host = process.env.HOST_NAME || undefined;
  // Defined in docs/evidence.md.
  const times = `entered="${(reply.entered_unix_ns / 1e9).toFixed(6)}";left="${(reply.left_unix_ns / 1e9).toFixed(6)}"`;
  const counts = `served=${reply.served};in-flight=${reply.in_flight};style="${reply.style}"`;
  response.setHeader("served-by", `"${instance}";${counts};${times}`);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(reply));
}

const server = createServer(answer);
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`Serving http://127.0.0.1:${server.address().port}`);
});
process.on("SIGTERM", () => server.close(() => process.exit()));
