// Express with middleware/node.js: /await awaits 0.2 s, /block blocks 0.2 s.

const express = require("express");
const { setTimeout: sleep } = require("node:timers/promises");
const servedBy = require("../../../middleware/node.js");

const app = express();
app.use(servedBy);

app.get("/await", async (_request, response) => {
  await sleep(200);
  response.send("done");
});

app.get("/block", (_request, response) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  response.json({ done: true });
});

const server = app.listen(0, "127.0.0.1", () => console.error(`http://127.0.0.1:${server.address().port}`));
