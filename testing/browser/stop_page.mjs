// The stop page in a real Chromium, opened but not pressed: every state that needs no press, in both languages, with
// scripts and without, and a thousand scanners.

import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { step } from "./chromium.mjs";
import { BASE, FORM, UNKNOWN, go, links, looks, visitor } from "./stop_visit.mjs";

const SCANS = 1000;
const LANGUAGES = [["ne", ""], ["en", "?lang=en"]];
const PICTURES = [
  "stop-240-light-ne", "stop-360-dark-en", "stop-768-light-en", "stop-form-240-dark-ne", "stop-form-360-light-en",
];

const [link] = await links();
const [address, port] = process.env.STOP_ADDRESS.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** The status of an answer, as programs that open links get it. */
const scan = (method, code, query = "") =>
  new Promise((resolve, reject) => {
    const { host, pathname } = new URL(BASE);
    const asked = request(
      { agent, host: address, port, method, path: `${pathname}${code}${query}`, headers: { host } },
      (answer) => answer.resume().on("end", () => resolve(answer.statusCode)).on("error", reject),
    );
    asked.on("error", reject).end();
  });

/** What each page is made of, by its name. */
async function tour(scripts) {
  const { browser, page, end } = await visitor(scripts);
  const seen = {};
  try {
    for (const [lang, query] of LANGUAGES) {
      await go(page, link, query);
      assert.equal(await page.locator("html").getAttribute("lang"), lang);
      assert.equal(await page.locator("b").innerText(), link.number.slice(-2));
      seen[`${lang} live`] = await page.content();
      await looks(page, { scripts, name: "stop", pictures: PICTURES });
      await go(page, UNKNOWN, query);
      seen[`${lang} unknown`] = await page.content();
      await looks(page, { scripts });
      await go(page, FORM, query);
      seen[`${lang} form`] = await page.content();
      await looks(page, { scripts, name: "stop-form", pictures: PICTURES });
    }
    await page.getByRole("link", { name: "नेपाली" }).click();
    assert.equal(await page.locator("html").getAttribute("lang"), "ne");
    await page.getByLabel("फोन नम्बर").waitFor();
    await end();
  } finally {
    await browser.close();
  }
  return seen;
}

const seen = {};
await step("is readable at three widths, light and dark, in both languages", async () => {
  Object.assign(seen, await tour(true));
});

await step("is the same without scripts", async () => {
  assert.deepEqual(await tour(false), seen);
});

await step("shows a stranger's code as one that is live, without the digits", async () => {
  for (const [lang] of LANGUAGES) {
    const line = /\n<p>[^<]*<b>\d\d<\/b>[^<]*<\/p>/;
    assert.match(seen[`${lang} live`], line);
    assert.equal(seen[`${lang} live`].replace(line, ""), seen[`${lang} unknown`]);
  }
});

await step(`answers ${SCANS} GETs and ${SCANS} HEADs of scanners`, async () => {
  const queries = ["", "?done", "?lang=en", "?act=stop"];
  const all = Array.from({ length: 2 * SCANS }, (_, i) =>
    scan(i % 2 ? "HEAD" : "GET", link.code, queries[(i >> 1) % queries.length]));
  assert.deepEqual(new Set(await Promise.all(all)), new Set([200]));
});

await step("slows down those who guess, and nobody else", async () => {
  for (let i = 0; i < 20; i++) await scan("GET", UNKNOWN.code);
  const { browser, page, end } = await visitor();
  try {
    for (const [, query] of LANGUAGES) {
      await go(page, UNKNOWN, query, 429);
      await looks(page);
      await go(page, link, query);
    }
    await end();
  } finally {
    await browser.close();
  }
});
agent.destroy();
