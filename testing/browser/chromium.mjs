// A Chromium of our own, that talks to nobody else, and what is asked of every page.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import axe from "axe-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update",
  "--disable-sync", "--hide-scrollbars",
];

/** A browser with a page; what its console says as an error is collected in `faults`. `options` are Playwright's. */
export async function open({ flags = [], ...options } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, ...flags],
    baseURL: process.env.ADMIN_URL,
    locale: "en-GB",
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  return { browser: context, page, faults };
}

/** Asks axe about the page as it is. Fails on anything serious or critical. */
export async function checked(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  const grave = violations.filter((v) => ["serious", "critical"].includes(v.impact));
  if (grave.length > 0) {
    const lines = grave.flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.html}\n  ${n.failureSummary}`));
    throw new Error(`axe on ${page.url()}:\n${lines.join("\n")}`);
  }
}

/** Fails if the page has to be scrolled sideways. */
export async function fits(page) {
  const [needed, given] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (needed > given) throw new Error(`${page.url()} needs ${needed} px and has ${given}`);
}

/** Runs a step and says how long it took. */
export async function step(name, run) {
  const began = Date.now();
  try {
    await run();
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  console.log(`ok    ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}
