// Opens the page that `hallmark gas --html` writes in headless Chromium: everything is drawn, nothing
// is loaded from elsewhere, nothing overflows, and the figures are those of the JSON report.
//
// HALLMARK_BINARY: the program. SCREENSHOTS: where pictures go (default: the system's temporary
// folder). CHROMIUM: a browser; otherwise one on PATH, otherwise the npm package's.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const hallmark = process.env.HALLMARK_BINARY;
assert.ok(hallmark, "set HALLMARK_BINARY, or run `make e2e`");
const folder = mkdtempSync(join(tmpdir(), "hallmark-e2e-"));
const project = join(folder, "demo");
const screenshots = process.env.SCREENSHOTS ?? folder;
let browser;

async function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    if (found.status === 0) return found.stdout.trim();
  }
  const packaged = (await import("@sparticuz/chromium")).default;
  return packaged.executablePath();
}

before(async () => {
  execFileSync(hallmark, ["--quiet", "new", project]);
  browser = await chromium.launch({
    executablePath: await executable(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
});

after(async () => {
  await browser?.close();
  if (screenshots !== folder) rmSync(folder, { recursive: true, force: true });
});

for (const [name, options] of [
  ["verifier", []],
  ["consumer", ["--consumer"]],
]) {
  test(`the page on the ${name} shows what the report says`, async () => {
    const file = join(folder, `${name}.html`);
    const arguments_ = ["--project", project, "gas", ...options, "--price", "ETH=2500", "--json", "--html", file];
    const report = JSON.parse(execFileSync(hallmark, arguments_, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const requests = [];
    const problems = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.goto(pathToFileURL(file).href);
    assert.deepEqual(problems, []);
    const elsewhere = requests.filter((url) => !url.startsWith("file:") && !url.startsWith("data:"));
    assert.deepEqual(elsewhere, []);

    const number = (text) => Number(text.replaceAll(",", ""));
    assert.equal(number(await page.textContent("#total")), report.profile.total);
    const phases = await page.$$eval("#phases .bars > span:nth-child(4n + 1)", (spans) => spans.map((s) => s.textContent));
    assert.deepEqual(phases.toSorted(), Object.keys(report.profile.phases).toSorted());
    const widths = await page.$$eval("#phases .fill", (fills) => fills.map((fill) => fill.getBoundingClientRect().width));
    assert.ok(widths.every((width) => width >= 1) && widths[0] > 100, String(widths));
    for (const network of report.networks) {
      const row = await page.textContent(`#network-${network.network}`);
      if (network.quote) assert.ok(row.includes(network.quote.as_of), row);
      else assert.ok(row.includes("cannot be priced"), row);
    }
    const drawn = await page.$eval("#flamegraph", (image) => [image.complete, image.naturalWidth, image.height]);
    assert.ok(drawn[0] && drawn[1] > 500 && drawn[2] > 100, `the flame graph: ${drawn}`);
    assert.ok((await page.$$("#lines tbody tr")).length > 10);

    await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
    await page.setViewportSize({ width: 400, height: 800 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${overflow} pixels stick out on a narrow screen`);
    await page.screenshot({ path: join(screenshots, `${name}-narrow.png`) });
    await page.close();
  });
}
