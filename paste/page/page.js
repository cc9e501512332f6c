// The page: reads what was pasted, calls the component, shows the verdicts.
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import { instantiate } from "component";
import modules from "modules";

// hey's CSV of ten requests to a server that takes four at a time, for 0.2 s each.
const EXAMPLE = [
  "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset",
  ...[0.2012, 0.2013, 0.2015, 0.2016, 0.4021, 0.4022, 0.4025, 0.4027, 0.6034, 0.6035].map(
    (seconds, i) => `${seconds.toFixed(4)},0.0011,0.0000,0.0001,${(seconds - 0.0013).toFixed(4)},0.0001,200,0.000${i % 5}`,
  ),
].join("\n");

const element = (id) => document.getElementById(id);
const made = (name, text, className) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};

async function inflated(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}

// A component that has failed may be in any state: each text gets a fresh one.
const component = () => instantiate((name) => inflated(modules[name]), new WASIShim().getImportObject());

/** Judges the content, a Uint8Array. Returns the component's report, or throws an Error with its message. */
async function analyze(content, known) {
  const instance = await component();
  try {
    return instance.analyze(content, { now: new Date().toISOString().replace(/\.\d+Z/, "Z"), ...known });
  } catch (error) {
    // The component's own error is a string; anything else is a trap.
    throw new Error(typeof error === "string" ? error : "the judge failed: please report this text");
  }
}

const numbers = (text) => text.split(/[\s,;]+/).filter(Boolean).map(Number);
const count = (text) => (text === "" ? undefined : Number(text));

function known() {
  const serviceMs = numbers(element("service").value);
  if (serviceMs.some((value) => !(value > 0 && Number.isFinite(value)))) {
    throw new Error("the time of a request alone: give numbers above 0, in milliseconds, separated by commas");
  }
  return { serviceMs, n: count(element("n").value), c: count(element("c").value) };
}

async function content() {
  const file = element("file").files[0];
  if (file) return new Uint8Array(await file.arrayBuffer());
  const text = element("text").value;
  if (text.trim() === "") throw new Error("paste the output of a load generator, or choose a file");
  return new TextEncoder().encode(text);
}

function article(burst) {
  const node = made("article");
  node.append(made("h2", burst.name || "burst"), made("p", burst.headline, `verdict ${burst.kind}`));
  for (const sentence of burst.sentences) node.append(made("p", sentence));
  if (burst.timeline) {
    const figure = made("figure");
    const image = made("img");
    image.alt = `Timeline: ${burst.headline}`;
    image.src = `data:image/svg+xml;base64,${btoa(String.fromCodePoint(...new TextEncoder().encode(burst.timeline)))}`;
    const ticks = made("div", undefined, "ticks");
    ticks.ariaHidden = "true";
    ticks.append(...burst.ticks.map((tick) => made("span", tick)));
    const inferred = burst.isInferred ? " The solid part is the service, the light part before it the wait: inferred, not observed." : "";
    figure.append(image, ticks, made("figcaption", `Above: the requests, from send to answer.${inferred} Below: the requests in flight.`));
    node.append(figure);
  }
  return node;
}

function download(json) {
  const link = made("a", "Save result.json");
  link.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  link.download = "result.json";
  return link;
}

async function judge() {
  const results = element("results");
  results.replaceChildren(made("p", "Judging"));
  try {
    const report = await analyze(await content(), known());
    results.replaceChildren(...report.bursts.map(article), made("p", report.source), download(report.json));
  } catch (error) {
    results.replaceChildren(made("p", `Error: ${error.message}`, "unmet"));
  }
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void judge();
});
element("example").addEventListener("click", () => {
  element("file").value = "";
  element("text").value = EXAMPLE;
  element("service").value = "200";
  element("n").value = "10";
  element("c").value = "10";
  void judge();
});
element("file").addEventListener("change", () => element("file").files[0] && void judge());
element("text").addEventListener("input", () => (element("file").value = ""));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length > 0) {
    element("file").files = event.dataTransfer.files;
    void judge();
  }
});
// For scripts, such as the page's own test.
globalThis.analyze = analyze;
