// Pictures of the pages for docs/, at three widths, light and dark, in both languages. axe looks at each.

import { checked, fits } from "./chromium.mjs";

const WIDTHS = [360, 768, 1920];
const PAGES = [
  ["people", "/people?", 1920, "light", "en"],
  ["people", "/people?", 360, "dark", "ne"],
  ["person", "/person?id=late-1&", 768, "light", "en"],
  ["person", "/person?id=live-1&", 360, "light", "ne"],
  ["tasks", "/tasks?", 768, "light", "en"],
  ["tasks", "/tasks?", 360, "dark", "ne"],
  ["task", "/task?user=late-1&", 768, "light", "en"],
  ["task", "/task?user=late-1&", 360, "dark", "ne"],
  ["letters", "/letters?", 768, "dark", "en"],
  ["unknown", "/unknown?", 768, "light", "ne"],
  ["audit", "/audit?", 1920, "dark", "en"],
];

export async function screens(page, folder) {
  const overviews = WIDTHS.flatMap((width) =>
    ["light", "dark"].flatMap((theme) => ["en", "ne"].map((lang) => ["overview", "/?window=24h&", width, theme, lang])));
  for (const [name, path, width, theme, lang] of [...overviews, ...PAGES]) {
    await page.setViewportSize({ width, height: width === 360 ? 780 : 1080 });
    await page.goto(`${path}lang=${lang}&theme=${theme}`);
    await fits(page);
    await checked(page);
    await page.screenshot({
      path: `${folder}/${name}-${width}-${theme}-${lang}.png`,
      fullPage: ["overview", "person", "task"].includes(name),
    });
  }
  await page.goto("/?lang=en&theme=auto");
}
