// Conversations in a real Chromium: a person of the care team reads and answers an urgent one and opens its files, an operator
// and a viewer cannot, what people write shows as text, and everything works without scripts.
//
// ADMIN_URL, ADMIN_PASSWORD, SIMULATOR_URL, WEBHOOK_URL and PHONE (of the user live-1) are given; SCREENS names a folder for
// pictures.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { checked, fits, open, step } from "./chromium.mjs";
import { send, signIn, signOut } from "./visitor.mjs";

const { SIMULATOR_URL, WEBHOOK_URL, PHONE, SCREENS } = process.env;
const OURS = "whatsapp:+14155238886";
const DANGER = "रगत रोकिएन, डर लाग्यो";
const EVIL = '<img src=x onerror="alert(1)"><script>alert(1)</script> \u202egnihtyna';
// Two pixels wide, one high.
const PHOTO = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR42mP4z8AARAAI/gH/GcBr5wAAAABJRU5ErkJggg==";
const VOICE = "T2dnUyBhIHZvaWNlIG1lc3NhZ2U=";
const ANSWER = "We call you in five minutes.\nAamcare";

const { browser, page, faults } = await open();
const dialogs = [];
page.on("dialog", async (dialog) => {
  dialogs.push(dialog.message());
  await dialog.dismiss();
});

/** Has a person write to us by WhatsApp, and waits until the webhook has it. */
async function write(phone, body, media = []) {
  const message = { url: `${WEBHOOK_URL}/twilio/inbound`, from: `whatsapp:${phone}`, to: OURS, body, media };
  const answer = await fetch(`${SIMULATOR_URL}/_sim/inbound`, { method: "POST", body: JSON.stringify(message) });
  const { answers } = await answer.json();
  assert.deepEqual(answers, { 204: 1 }, "the webhook stores it");
}

/** Waits until the list shows so many conversations. */
async function listed(count, on = page) {
  for (let tries = 0; tries < 60; tries++) {
    await on.goto("/inbox");
    if (await on.locator("#inbox tbody tr").count() === count) return;
    await on.waitForTimeout(250);
  }
  throw new Error(`/inbox does not show ${count} conversations`);
}

const open_urgent = () => page.getByRole("link", { name: /^Open: urgent/ }).first().click();

async function reveal(on = page) {
  await on.getByLabel("Why you look").fill("she waits for an answer");
  await on.getByRole("button", { name: "Show the texts" }).click();
  await on.locator(".said").first().waitFor();
}

/** The texts that people wrote, as Chromium shows them. */
const said = (on = page) => on.locator(".in .said").allInnerTexts();

try {
  await write("+9779800000996", "may I eat cabbage?");
  await write("+9779800000995", EVIL);
  await write(PHONE, DANGER);

  let urgent;
  await step("lists the urgent conversation first, without texts", async () => {
    await signIn(page, "asha");
    await listed(3);
    const rows = page.locator("#inbox tbody tr");
    assert.match(await rows.first().innerText(), /urgent[\s\S]*danger sign[\s\S]*live-1/);
    const source = await page.content();
    for (const text of [DANGER, "cabbage", PHONE.slice(4)]) assert.ok(!source.includes(text), text);
    await checked(page);
    await page.goto("/");
    await page.locator(".tile.bad").getByRole("link", { name: "Inbox" }).click();
    await open_urgent();
    urgent = new URL(page.url()).searchParams.get("id");
    assert.equal(await page.locator(".in .said").count(), 0);
    assert.ok(!(await page.content()).includes(DANGER));
    await checked(page);
  });

  await step("reveals it, answers, and sees the answer arrive", async () => {
    await reveal();
    assert.deepEqual(await said(), [DANGER]);
    await checked(page);
    await page.getByLabel("Your answer").fill(ANSWER);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "The answer is on its way" }).waitFor();
    const ours = page.locator(".out").filter({ hasText: "asha" });
    await ours.waitFor();
    for (let tries = 0; !/delivered|read/.test(await ours.innerText()); tries++) {
      assert.ok(tries < 60, await ours.innerText());
      await page.waitForTimeout(500);
      await page.reload();
    }
    await page.locator("#talk").getByText("answered").waitFor();
    await checked(page);
    const { messages } = await (await fetch(`${SIMULATOR_URL}/_sim/messages?limit=100000`)).json();
    assert.equal(messages.filter((one) => one.body === ANSWER && one.to === `whatsapp:${PHONE}`).length, 1);
  });

  await step("says that another answered first, and keeps what was typed", async () => {
    const other = await browser.newPage();
    await other.goto(`/conversation?id=${urgent}`);
    await other.getByLabel("Your answer").fill("Are you at home?");
    await page.goto(`/conversation?id=${urgent}`);
    await page.getByLabel("Your answer").fill("Is somebody with you?");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "The answer is on its way" }).waitFor();
    await other.getByRole("button", { name: "Send", exact: true }).click();
    await other.getByRole("alert").filter({ hasText: "asha answered meanwhile." }).waitFor();
    assert.equal(await other.getByLabel("Your answer").inputValue(), "Are you at home?");
    await checked(other);
    await other.close();
  });

  await step("shows what a person wrote as text", async () => {
    await listed(3);
    for (const link of await page.getByRole("link", { name: /^Open: \d/ }).all()) {
      await page.goto(await link.getAttribute("href"));
      await reveal();
      assert.equal(await page.locator("img[src=x], main script").count(), 0);
      if ((await said()).includes(EVIL)) break;
      await page.goto("/inbox");
    }
    assert.deepEqual(await said(), [EVIL]);
    await checked(page);
    await page.getByLabel("Your answer").fill(EVIL);
    assert.deepEqual(dialogs, []);
  });

  await step("enters a loss and a date, and takes the loss back", async () => {
    await page.goto("/person?id=parked-1");
    for (const [act, said] of [["Report a loss", "Entered."], ["Take back a loss", "Taken back."]]) {
      const form = page.locator("#acts details").filter({ has: page.getByText(`${act}…`, { exact: true }) });
      await form.getByText(`${act}…`, { exact: true }).click();
      await form.getByLabel("Why").fill(`told by phone: ${act}`);
      await checked(page);
      await form.getByRole("button", { name: act, exact: true }).click();
      await page.getByRole("status").filter({ hasText: said }).waitFor();
    }
    await page.goto(`/conversation?id=${urgent}`);
    const dates = page.locator("#act-dates");
    await dates.getByText("Enter dates…").click();
    await dates.getByLabel("Due date").fill("2027-01-31");
    await dates.getByLabel("Why").fill("she said so");
    await dates.getByRole("button", { name: "Enter dates" }).click();
    await page.getByRole("status").filter({ hasText: "Entered." }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/conversation");
  });

  await step("shows both directions on the page of the user", async () => {
    await page.goto("/person?id=live-1");
    const timeline = await page.locator(".timeline").innerText();
    assert.match(timeline, /They wrote, by whatsapp: danger sign/);
    assert.match(timeline, /Reply by whatsapp: (delivered|read)/);
    await checked(page);
  });

  await step("opens a photo in a new tab, and saves a voice message", async () => {
    await write(PHONE, "", [{ content_type: "image/png", data: PHOTO }]);
    await write(PHONE, "", [{ content_type: "audio/ogg", data: VOICE }]);
    const files = page.locator("details.file");
    for (let tries = 0; await files.count() < 2; tries++) {
      assert.ok(tries < 60, "both files are on the page");
      await page.waitForTimeout(250);
      await page.goto(`/conversation?id=${urgent}`);
    }
    const tabs = [];
    const saved = [];
    // Chromium closes the tab of a download, and names the page that it was asked from.
    page.on("download", (download) => saved.push(download));
    browser.on("page", (tab) => {
      tabs.push(tab);
      tab.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    });
    for (const file of await files.all()) {
      await file.locator("summary").click();
      await file.getByRole("button", { name: "Open the file" }).click();
    }
    await checked(page);
    for (let tries = 0; tabs.length < 2 || saved.length < 1; tries++) {
      assert.ok(tries < 60, `${tabs.length} tabs, ${saved.length} files`);
      await page.waitForTimeout(250);
    }
    const size = await tabs[0].evaluate(() => document.images[0].decode().then(() => document.images[0].naturalWidth));
    assert.equal(size, 2);
    assert.equal(saved[0].suggestedFilename(), "file.ogg");
    assert.equal((await readFile(await saved[0].path())).toString("base64"), VOICE);
    for (const tab of tabs) await tab.close();
  });

  await step("says why a file is not opened", async () => {
    await write(PHONE, "", [{ content_type: "text/html", data: "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==" }]);
    const files = page.locator("details.file");
    for (let tries = 0; await files.count() < 3; tries++) {
      assert.ok(tries < 60, "the file is on the page");
      await page.waitForTimeout(250);
      await page.goto(`/conversation?id=${urgent}`);
    }
    const opened = browser.waitForEvent("page");
    await files.last().locator("summary").click();
    await files.last().getByRole("button", { name: "Open the file" }).click();
    const tab = await opened;
    await tab.getByRole("alert").filter({ hasText: "this file is something else" }).waitFor();
    await checked(tab);
    await tab.close();
  });

  await step("works without scripts: the list, the texts, an answer, and closing", async () => {
    await write("+9779800000994", "is rice good for me?");
    await listed(4);
    const { browser: plain, page: without, faults: plain_faults } = await open({ javaScriptEnabled: false });
    await signIn(without, "asha");
    await listed(4, without);
    // Those that wait come before those that were answered, and this one has waited for the shortest time.
    for (const link of await without.getByRole("link", { name: /^Open: \d/ }).all()) {
      await without.goto(await link.getAttribute("href"));
      await reveal(without);
      if ((await said(without)).includes("is rice good for me?")) break;
      await without.goto("/inbox");
    }
    assert.deepEqual(await said(without), ["is rice good for me?"]);
    await without.getByLabel("Your answer").fill("Yes, it is.");
    await without.getByRole("button", { name: "Send", exact: true }).click();
    await without.getByRole("status").filter({ hasText: "The answer is on its way" }).waitFor();
    await without.locator("#talk").getByText("answered").waitFor();
    const close = without.locator("#close");
    await close.locator("summary").click();
    await close.getByLabel("Why").fill("she has her answer");
    await close.getByRole("button", { name: "Close the conversation" }).click();
    await without.getByRole("status").filter({ hasText: "Closed." }).waitFor();
    await listed(3, without);
    await without.goto(`/conversation?id=${urgent}`);
    const file = without.locator("details.file").first();
    await file.locator("summary").click();
    const opened = plain.waitForEvent("page");
    await file.getByRole("button", { name: "Open the file" }).click();
    const tab = await opened;
    await tab.locator("img").waitFor();
    await signOut(without);
    assert.deepEqual(plain_faults, [], "errors in the console");
    await plain.close();
  });

  if (SCREENS) {
    await step("takes pictures", async () => {
      for (const [width, theme] of [[360, "light"], [1920, "light"]]) {
        for (const lang of ["en", "ne"]) {
          await page.setViewportSize({ width, height: width === 360 ? 780 : 1080 });
          for (const [name, path] of [["inbox", "/inbox?"], ["conversation", `/conversation?id=${urgent}&`]]) {
            await page.goto(`${path}lang=${lang}&theme=${theme}`);
            if (name === "conversation") {
              await page.locator("#why-reveal").locator("xpath=following-sibling::button").click();
              await page.locator(".said").first().waitFor();
            }
            await fits(page);
            await checked(page);
            await page.screenshot({ path: `${SCREENS}/${name}-${width}-${theme}-${lang}.png`, fullPage: true });
          }
        }
      }
      await page.goto("/?lang=en&theme=auto");
      await page.setViewportSize({ width: 1280, height: 900 });
    });
  }

  await step("works at 360 px in both languages, in the dark", async () => {
    await page.setViewportSize({ width: 360, height: 780 });
    for (const lang of ["ne", "en"]) {
      for (const path of ["/inbox?", `/conversation?id=${urgent}&`]) {
        await page.goto(`${path}lang=${lang}&theme=dark`);
        await fits(page);
        await checked(page);
      }
    }
    await page.goto("/?lang=en&theme=auto");
    await page.setViewportSize({ width: 1280, height: 900 });
    await signOut(page);
  });

  for (const name of ["maya", "ram"]) {
    await step(`reveals nothing to ${name}`, async () => {
      await signIn(page, name);
      await page.goto("/inbox");
      assert.ok(!/danger/.test(await page.locator("#inbox").innerText()));
      await open_urgent();
      for (const word of ["Show the texts", "Open the file", "Send", "Take the conversation", "Report a loss"]) {
        assert.equal(await page.getByRole("button", { name: word }).count(), 0, word);
      }
      const source = await page.content();
      for (const text of [DANGER, "five minutes", PHONE.slice(4)]) assert.ok(!source.includes(text), text);
      const fields = { id: urgent, turn: "1", seen: "1", how: "text", text: "hello", reason: "I am curious" };
      for (const path of ["reveal", "media", "answer", "take", "close"]) {
        const { status, text } = await send(page, `/conversation/${path}`, fields);
        assert.equal(status, 403, path);
        assert.ok(!text.includes(DANGER), path);
      }
      const loss = { user: "live-1", act: "loss", reason: "I am curious" };
      assert.equal((await send(page, "/person/act", loss)).status, 403);
      await checked(page);
      await signOut(page);
    });
  }

  await step("keeps each look in the audit log", async () => {
    await signIn(page, "ram");
    await page.goto("/audit");
    const log = await page.locator("#audit").innerText();
    for (const word of ["she waits for an answer", "told by phone: Report a loss", "she said so"]) {
      assert.ok(log.includes(word), word);
    }
    assert.ok(!log.includes("I am curious"));
    await signOut(page);
  });

  assert.deepEqual(dialogs, []);
  const unexpected = faults.filter((fault) => !/403 \(Forbidden\)|409 \(Conflict\)|415 \(Unsupported/.test(fault));
  assert.deepEqual(unexpected, [], "errors in the console");
} finally {
  await browser.close();
}
