"use strict";
// Gives the data that stand in this page as the file that they came from.
const data = document.getElementById("result");
const button = document.getElementById("download");
button.hidden = false;
async function json() {
  if (data.type === "application/json") return new Blob([data.textContent], { type: "application/json" });
  const packed = Uint8Array.from(atob(data.textContent), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked, { headers: { "content-type": "application/json" } }).blob();
}
button.addEventListener("click", async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await json());
  link.download = "result.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
