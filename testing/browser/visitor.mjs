// What a person with a browser does on every page of the dashboard.

/** Signs in on the login page. */
export async function signIn(page, name) {
  await page.goto("/login");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(process.env.ADMIN_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "From signup to welcome" }).waitFor();
}

/** Signs out. */
export async function signOut(page) {
  await page.goto("/?lang=en");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/login");
}

/** Sends a form as the page itself could; returns the status and the text of the answer. */
export const send = (page, path, fields) =>
  page.evaluate(async ([path, fields]) => {
    const csrf = document.querySelector("input[name=csrf]").value;
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }) });
    return { status: answer.status, text: await answer.text() };
  }, [path, fields]);
