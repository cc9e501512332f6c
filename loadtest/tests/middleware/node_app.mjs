// node:http with middleware/node.js: /await awaits 0.2 s, /block blocks 0.2 s.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import servedBy from "../../../middleware/node.js";

async function handle(request, response) {
  if (request.url === "/block") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    response.writeHead(200, { "content-type": "text/plain" });
  } else {
    await sleep(200);
  }
  response.end("done");
}

const server = createServer((request, response) => servedBy(request, response, () => handle(request, response)));
server.listen(0, "127.0.0.1", () => console.error(`http://127.0.0.1:${server.address().port}`));
