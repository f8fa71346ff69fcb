// Who gets in, what a viewer may do, a forged form, and text of others that is none of ours.

import assert from "node:assert/strict";
import { open, step } from "./chromium.mjs";
import { send, signIn } from "./visitor.mjs";

const PAGES = ["/", "/inbox", "/people", "/person?id=live-1", "/tasks", "/task?user=late-1", "/letters", "/unknown", "/templates", "/audit", "/metrics", "/nothing"];
const EVIL = '<img src=x onerror="alert(1)"><script>alert(1)</script>';

const { browser, page, faults } = await open();
const dialogs = [];
page.on("dialog", async (dialog) => {
  dialogs.push(dialog.message());
  await dialog.dismiss();
});

try {
  await step("shows a stranger the login page and nothing else", async () => {
    for (const path of PAGES) {
      await page.goto(path);
      assert.equal(new URL(page.url()).pathname, "/login", path);
    }
  });

  await step("lets a viewer look and not act", async () => {
    await signIn(page, "ram");
    for (const [path, word] of [["/", "Pause…"], ["/letters", "Replay…"], ["/unknown", "Settle…"],
      ["/person?id=live-1", "Stop all messages…"], ["/tasks", "Open:"]]) {
      await page.goto(path);
      assert.equal(await page.getByText(word).count() + await page.getByLabel(word).count(), 0, `${word} on ${path}`);
    }
    assert.equal((await page.goto("/task?user=late-1")).status(), 403, "a task names a person");
    await page.goto("/");
    for (const path of ["/pause", "/resume", "/letters/replay", "/unknown/settle", "/person/act", "/tasks/close"]) {
      assert.equal((await send(page, path, { lane: "live", hours: "1", id: "1", reason: "x" })).status, 403, path);
    }
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/login");
  });

  await step("refuses a forged form", async () => {
    await signIn(page, "maya");
    const lane = page.locator("#lane-live");
    await lane.getByText("Pause…").click();
    await lane.getByLabel("Why").fill("a forger's");
    await lane.locator("input[name=csrf]").evaluate((input) => { input.value = "forged"; });
    const answered = page.waitForResponse((answer) => answer.url().endsWith("/pause"));
    await lane.getByRole("button", { name: "Pause", exact: true }).click();
    assert.equal((await answered).status(), 403);
    await page.goto("/audit");
    assert.ok(!(await page.locator("#audit").innerText()).includes("a forger's"));
  });

  await step("shows what somebody typed as text", async () => {
    const evil = encodeURIComponent(EVIL);
    for (const path of ["/", "/people", `/person?id=${evil}`, `/task?user=${evil}`, "/letters", "/audit"]) {
      await page.goto(path);
      assert.equal(await page.locator("img[src=x], main script").count(), 0, path);
      assert.ok(path === "/" || (await page.locator("main").innerText()).includes(EVIL), path);
    }
    assert.deepEqual(dialogs, []);
  });

  const unexpected = faults.filter((fault) => !/403 \(Forbidden\)|404 \(Not Found\)/.test(fault));
  assert.deepEqual(unexpected, [], "errors in the console");
} finally {
  await browser.close();
}
