// Presses the buttons of the stop page in a real Chromium. What is stored then, the caller counts.
//
// once: with scripts, in Nepali, the first number; it stays stopped.
// twice: without scripts, in English, the second number, from two tabs that were open before; it stays stopped.
// undo: takes back what `once` did.

import assert from "node:assert/strict";
import { step } from "./chromium.mjs";
import { BASE, examine, go, links, looks, visitor } from "./stop_visit.mjs";

const TEXTS = {
  ne: { query: "", stop: "सन्देश रोक्नुहोस्", stopped: "सन्देश रोकिएका छन्।", undo: "फेरि सन्देश पठाउनुहोस्", on: "यो नम्बरमा सन्देश आइरहनेछन्।" },
  en: { query: "?lang=en", stop: "Stop messages", stopped: "Messages are stopped.", undo: "Send messages again", on: "Messages come to this number." },
};
const [first, second] = await links();

/** Presses a button; the answer to its POST leads back to the page, which then says `status`. */
async function press(page, link, name, status) {
  const answered = page.waitForResponse((answer) => answer.request().method() === "POST");
  const shown = page.waitForResponse((answer) => answer.request().method() === "GET");
  await page.getByRole("button", { name, exact: true }).click();
  assert.equal((await answered).status(), 303);
  const answer = await shown;
  assert.equal(answer.status(), 200);
  await page.getByRole("status").filter({ hasText: status }).waitFor();
  const { pathname, searchParams } = new URL(page.url());
  assert.equal(pathname, new URL(`${BASE}${link.code}`).pathname);
  assert.ok(searchParams.has("done"), page.url());
  await examine(page, answer, link);
}

async function once(page) {
  const t = TEXTS.ne;
  await go(page, first, t.query);
  await press(page, first, t.stop, t.stopped);
  await looks(page, { name: "stopped", pictures: ["stopped-240-dark-ne"] });
}

async function twice(page, browser) {
  const t = TEXTS.en;
  const other = await browser.newPage();
  for (const tab of [page, other]) await go(tab, second, t.query);
  for (const tab of [page, other]) await press(tab, second, t.stop, t.stopped);
  await looks(page, { scripts: false });
}

async function undo(page) {
  const t = TEXTS.ne;
  await go(page, first, t.query);
  await press(page, first, t.undo, t.on);
  await looks(page);
}

const ACTS = {
  once: ["stops at one press", once, true],
  twice: ["stops at two presses without scripts", twice, false],
  undo: ["takes a stop back", undo, true],
};
const [name, act, scripts] = ACTS[process.argv[2]];
const { browser, page, end } = await visitor(scripts);
try {
  await step(name, () => act(page, browser));
  await end();
} finally {
  await browser.close();
}
