// What both scripts about the stop page need: its addresses, a browser that finds its host here, and what every one of
// its answers must be.
//
// STOP_BASE (the base of the links), STOP_ADDRESS (where the worker listens), SIMULATOR_URL and HELP_LINE are given.

import assert from "node:assert/strict";
import { checked, fits, open } from "./chromium.mjs";
import { revealing } from "./discreet.mjs";

export const BASE = process.env.STOP_BASE;
const { host: HOST, hostname: NAME } = new URL(BASE);

/** A code that no number has. */
export const UNKNOWN = { code: "000000000", number: "" };
/** The page without a code. */
export const FORM = { code: "", number: "" };

const WIDTHS = [240, 360, 768];
const SCHEMES = ["light", "dark"];

/** The numbers that got a message, and the codes in those: as people read them. */
export async function links() {
  const answer = await fetch(`${process.env.SIMULATOR_URL}/_sim/messages?limit=1000`);
  const printed = BASE.replace("http://", "");
  const found = JSON.parse(await answer.text()).messages.flatMap(({ to, body }) => {
    const [text, code] = body.split(printed);
    return /^[0-9A-Z]{9}$/.test(code ?? "") && text ? [{ code, number: to }] : [];
  });
  return found.sort((one, other) => one.number.localeCompare(other.number));
}

/** A browser that knows only the host of the page. `end` fails if it asked another one, or got a cookie. */
export async function visitor(scripts = true) {
  const { browser, page, faults } = await open({
    flags: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1, MAP * ~NOTFOUND`],
    javaScriptEnabled: scripts,
  });
  const hosts = new Set();
  browser.on("request", (request) => hosts.add(new URL(request.url()).host));
  const end = async () => {
    assert.deepEqual([...hosts], [HOST], "hosts that were asked");
    assert.deepEqual(await browser.cookies(), []);
    // Chromium writes every answer from 400 on to the console.
    assert.deepEqual(faults.filter((fault) => !/status of 4\d\d/.test(fault)), [], "errors in the console");
  };
  return { browser, page, end };
}

/** Goes to the page of a link, and examines the answer. */
export async function go(page, link, query, status = 200) {
  const answer = await page.goto(`${BASE}${link.code}${query}`);
  assert.equal(answer.status(), status);
  await examine(page, answer, link);
}

/** What no page may show, whoever looks at it. */
export async function examine(page, answer, { code, number }) {
  const bytes = (await answer.body()).length;
  assert.ok(bytes < 8 * 1024, `${bytes} bytes`);
  assert.ok(!("set-cookie" in (await answer.allHeaders())), "a cookie");
  assert.equal(await page.locator("script, img, link, iframe").count(), 0);
  const html = (await page.content()).replace(/<style>[^<]*<\/style>/, "").replaceAll(process.env.HELP_LINE, "");
  assert.deepEqual(revealing(html), []);
  const text = (await page.locator("body").innerText()).replaceAll(process.env.HELP_LINE, "");
  const digits = text.replace(/\P{Nd}/gu, "");
  assert.ok(["", number.slice(-2)].includes(digits), `digits on the page: ${digits}`);
  for (let at = 0; at + 3 <= number.length; at++) {
    assert.ok(!html.includes(number.slice(at, at + 3)), `${number.slice(at, at + 3)} of the number`);
  }
  assert.ok(code === "" || !html.includes(code), "the code");
}

/**
 * Looks at the page as it is: at three widths, light and dark. `pictures` are names of those to take. axe itself is a
 * script: it never ends in a browser without.
 */
export async function looks(page, { scripts = true, name = "", pictures = [] } = {}) {
  const lang = await page.locator("html").getAttribute("lang");
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width === 768 ? 640 : 420 });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await fits(page);
      if (scripts) await checked(page);
      const picture = `${name}-${width}-${colorScheme}-${lang}`;
      if (process.env.SCREENS && pictures.includes(picture)) {
        await page.screenshot({ path: `${process.env.SCREENS}/${picture}.png`, fullPage: true });
      }
    }
  }
}
