"use strict";
// Offers the data in this page as a download: the file that the page was made of.
const data = document.getElementById("result");
const button = document.getElementById("download");
button.hidden = false;
async function json() {
  if (data.type === "application/json") return new Blob([data.textContent], { type: "application/json" });
  const gzipped = Uint8Array.from(atob(data.textContent), (letter) => letter.charCodeAt(0));
  const json = new Blob([gzipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(json, { headers: { "content-type": "application/json" } }).blob();
}
button.addEventListener("click", async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await json());
  link.download = "result.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
