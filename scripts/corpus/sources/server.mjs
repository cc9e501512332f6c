// Node: server.mjs PORT MODE; the path gives the time in milliseconds: /200
import cluster from "node:cluster";
import crypto from "node:crypto";
import http from "node:http";

const [port, mode] = [Number(process.argv[2]), process.argv[3]];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

// `size` at a time; the waiting ones are taken first come, first served, or last come, first served.
function semaphore(size, takeNext) {
  let free = size;
  const waiting = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise((turn) => waiting.push(turn));
    await work();
    if (waiting.length > 0) takeNext(waiting)();
    else free += 1;
  };
}

// A query of several batched keys, one query at a time, as DataLoader does: at most 8 in one.
const batch = { waiting: [], running: false };
async function runBatches(ms) {
  batch.running = true;
  await sleep(1);
  while (batch.waiting.length > 0) {
    const taken = batch.waiting.splice(0, 8);
    await sleep(ms);
    taken.forEach((done) => done());
  }
  batch.running = false;
}

let lock = Promise.resolve();
const fifo = semaphore(5, (waiting) => waiting.shift());
const lifo = semaphore(5, (waiting) => waiting.pop());
// How many rounds take a millisecond alone.
const rounds = Number(process.env.ROUNDS_PER_MS ?? 1500);

const modes = {
  async: sleep,
  blocked: async (ms) => void block(ms),
  fifo: (ms) => fifo(() => sleep(ms)),
  lifo: (ms) => lifo(() => sleep(ms)),
  lock: async (ms) => {
    await sleep(ms / 2);
    const before = lock;
    let release;
    lock = new Promise((done) => (release = done));
    await before;
    await sleep(ms / 2);
    release();
  },
  batch: (ms) =>
    new Promise((done) => {
      batch.waiting.push(done);
      if (!batch.running) void runBatches(ms);
    }),
  pbkdf2: (ms) => new Promise((done) => crypto.pbkdf2("password", "salt", ms * rounds, 32, "sha512", done)),
};

function serve(work) {
  const server = http.createServer(async (request, response) => {
    await work(Number(request.url.slice(1)));
    response.setHeader("content-type", "text/plain");
    response.end("ok\n");
  });
  server.listen(port, "127.0.0.1", 4096);
}

if (mode === "cluster-blocked" && cluster.isPrimary) {
  for (let i = 0; i < 3; i += 1) cluster.fork();
  process.on("SIGTERM", () => process.exit(0));
} else {
  serve(modes[mode.replace("cluster-", "")]);
}
