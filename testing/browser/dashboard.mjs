// The dashboard in a real Chromium: signs in, reads the funnel, searches, opens a timeline, pauses, resumes, replays
// a dead letter, closes a task, stops messages to a person and takes that back; nothing may go to the console as an error, and axe may find nothing serious.
//
// ADMIN_URL, ADMIN_PASSWORD (of `maya`) and EXPECTED (people of the demo, and how many got a message) are given;
// SCREENS names a folder for pictures.

import assert from "node:assert/strict";
import { checked, open, step } from "./chromium.mjs";
import { screens } from "./screens.mjs";

const [received, delivered] = process.env.EXPECTED.split(" ").map(Number);
const format = new Intl.NumberFormat("en");

const { browser, page, faults } = await open();
try {
  await step("signs in", async () => {
    await page.goto("/audit");
    assert.equal(new URL(page.url()).pathname, "/login");
    await checked(page);
    await page.getByLabel("Name").fill("maya");
    await page.getByLabel("Password").fill("a wrong password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Name").fill("maya");
    await page.getByLabel("Password").fill(process.env.ADMIN_PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "From signup to welcome" }).waitFor();
  });

  await step("reads the funnel of the demo", async () => {
    const meter = (name) => page.locator("#funnel").getByLabel(name, { exact: true });
    // The figures are written every ten seconds, and the page puts them in by itself.
    const shown = ([first, last]) => {
      const meters = [...document.querySelectorAll("#funnel progress")];
      return meters.at(0)?.value === first && meters.at(-1)?.value === last;
    };
    await page.waitForFunction(shown, [received, delivered], { timeout: 60_000 });
    assert.equal(Number(await meter("Delivered").getAttribute("value")), delivered);
    assert.match(await page.locator("#funnel strong").first().innerText(), new RegExp(format.format(received)));
    assert.equal(await page.locator("#charts svg path, #charts svg polyline").count() > 0, true, "lines are drawn");
    assert.match(await page.locator("#reasons").innerText(), /A fixed line/);
    await checked(page);
  });

  await step("searches and opens a timeline", async () => {
    await page.getByRole("link", { name: "People" }).click();
    await checked(page);
    await page.getByRole("searchbox").fill("9841200001");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("status").filter({ hasText: "Phone numbers are not searched" }).waitFor();
    assert.ok(!(await page.content()).includes("9841200001"), "what was typed is not repeated");
    await page.getByRole("searchbox").fill("live-1");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("heading", { name: "User live-1" }).waitFor();
    await page.getByText("Callback: delivered").waitFor();
    assert.match(await page.content(), /\+977•{8}01/);
    const sid = (await page.locator(".timeline").innerText()).match(/SM[0-9a-f]{32}/)[0];
    await checked(page);
    await page.goto("/people");
    await page.getByRole("searchbox").fill(sid);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "User live-1" }).waitFor();
  });

  await step("pauses and resumes a lane", async () => {
    await page.goto("/");
    const lane = page.locator("#lane-backfill");
    await lane.getByText("Pause…").click();
    await lane.getByLabel("For how long").selectOption("4");
    await lane.getByLabel("Why").fill("the call centre is full");
    await checked(page);
    await lane.getByRole("button", { name: "Pause", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Paused" }).waitFor();
    await lane.getByText("paused until").waitFor();
    await lane.getByLabel("Why").fill("the call centre is back");
    await lane.getByRole("button", { name: "Resume", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Resumed" }).waitFor();
    await lane.getByText("goes on").waitFor();
  });

  await step("replays a dead letter", async () => {
    await page.goto("/letters");
    await checked(page);
    const row = page.getByRole("row").filter({ hasText: "unknown_user" });
    await row.getByText("Replay…").click();
    await row.getByLabel("Why").fill("imported her");
    await row.getByRole("button", { name: "Replay", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Replayed" }).waitFor();
    await row.getByText("replayed").waitFor();
    await page.goto("/person?id=late-1");
    await page.waitForFunction(() => /delivered/.test(document.querySelector(".facts")?.innerText ?? ""), null, {
      timeout: 40_000,
    });
  });

  await step("opens a task and closes it", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: "Needs a person" }).click();
    await page.getByRole("heading", { name: "Needs a person" }).waitFor();
    const list = await page.locator("main").innerText();
    assert.ok(list.includes("changed situation") && !/parked-1|late-1|\+977/.test(list), list);
    await checked(page);
    await page.getByRole("link", { name: /^Open: changed situation/ }).first().click();
    await page.getByRole("heading", { name: "User parked-1" }).waitFor();
    assert.match(await page.content(), /\+977•{8}99/);
    const task = page.locator(".task");
    await task.getByText("Close…").click();
    await task.getByLabel("Why").fill("talked to the user");
    await checked(page);
    await task.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Closed." }).waitFor();
    assert.equal(await page.getByRole("link", { name: /^Open: changed situation/ }).count(), 1);
  });

  await step("stops messages to a person and takes that back", async () => {
    await page.goto("/person?id=parked-1");
    const acts = ["Stop tips", "Stop all messages", "Take back a stop or a wrong number", "Wrong number",
      "Take back a stop or a wrong number"];
    for (const act of acts) {
      const form = page.locator("#acts details").filter({ has: page.getByText(`${act}…`, { exact: true }) });
      await form.getByText(`${act}…`, { exact: true }).click();
      const button = form.getByRole("button", { name: act, exact: true });
      await button.click();
      assert.equal(new URL(page.url()).searchParams.has("note"), false, "a reason is required");
      await form.getByLabel("Why").fill(`asked by phone: ${act}`);
      await checked(page);
      await button.click();
      const said = act.startsWith("Take back") ? "Taken back." : "Entered.";
      await page.getByRole("status").filter({ hasText: said }).waitFor();
    }
    await page.locator("#consents").getByText("yes").first().waitFor();
    assert.equal(await page.getByText("Report a loss…").count(), 0, "losses are for the care team");
    // A wrong number has somebody look at it.
    await page.getByText("Needs a person", { exact: true }).last().waitFor();
    await page.locator(".facts").getByRole("link", { name: "Open" }).click();
    await page.locator(".task").getByText("wrong number").waitFor();
    await checked(page);
  });

  await step("finds all of it in the audit log", async () => {
    await page.goto("/audit");
    const text = await page.locator("#audit").innerText();
    for (const word of ["sign in", "pause", "resume", "dead replay", "the call centre is full", "imported her",
      "task open", "task close", "suppress add", "suppress remove", "talked to the user"]) {
      assert.ok(text.includes(word), word);
    }
    await checked(page);
    await page.goto("/unknown");
    await checked(page);
  });

  await step("puts in what changed, without a click", async () => {
    await page.goto("/");
    const before = await page.locator("#now").innerText();
    await page.waitForFunction((text) => document.querySelector("#now").innerText !== text, before, {
      timeout: 25_000,
    });
  });

  if (process.env.SCREENS) await step("takes pictures", () => screens(page, process.env.SCREENS));

  await step("signs out", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto("/?lang=en");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/login");
    await page.goto("/people");
    assert.equal(new URL(page.url()).pathname, "/login");
  });

  // The one wrong password, and nothing else.
  const unexpected = faults.filter((fault) => !/401 \(Unauthorized\)/.test(fault));
  assert.deepEqual(unexpected, [], "errors in the console");
} finally {
  await browser.close();
}
