// Names the process and the thread that serve a request in the header Served-By, for node:http and Express.
//
//   const servedBy = require("./node.js"); // or: import servedBy from "./node.js";
//   app.use(servedBy); // Express
//   createServer((request, response) => servedBy(request, response, () => handle(request, response))); // node:http
//
// https://www.rfc-editor.org/rfc/rfc9651 defines the syntax, docs/evidence.md the meaning.

const { threadId } = require("node:worker_threads");

const instance = `${process.pid}-${threadId}`;
let served = 0;
let inFlight = 0;

function now() {
  return ((performance.timeOrigin + performance.now()) / 1_000).toFixed(6);
}

module.exports = function servedBy(_request, response, next) {
  const entered = now();
  const number = ++served;
  inFlight += 1;
  response.once("close", () => (inFlight -= 1));
  const { writeHead } = response;
  // Node calls this at the head of every answer, also if the handler doesn't.
  response.writeHead = function (...head) {
    const times = `entered="${entered}";left="${now()}"`;
    response.setHeader("Served-By", `"${instance}";served=${number};in-flight=${inFlight};${times}`);
    return writeHead.apply(response, head);
  };
  next();
};
