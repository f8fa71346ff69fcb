// The discreetness lint of the Rust code, with its own lists: nobody has to keep two.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const source = await readFile(new URL("../../shared/src/templates/discreetness.rs", import.meta.url), "utf8");

function list(name) {
  const [, length, items] = source.match(new RegExp(`const ${name}: \\[&str; (\\d+)\\] = \\[([^\\]]*)\\]`));
  const words = [...items.matchAll(/"([^"]+)"/g)].map(([, word]) => word);
  assert.equal(words.length, Number(length), name);
  return words;
}

const ANYWHERE = ["STEMS", "DEVANAGARI", "SIGNS"].flatMap(list);
const ALONE = list("WORDS");

/** The parts of a text that reveal the condition. */
export function revealing(text) {
  const plain = text.replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "").toLowerCase().replaceAll("aamcare", " ");
  const words = new Set(plain.split(/[^a-z0-9]/));
  return [...ANYWHERE.filter((stem) => plain.includes(stem)), ...ALONE.filter((word) => words.has(word))];
}

for (const [text, found] of [["ANC visit", "anc"], ["Pregnancy", "pregnan"], ["गर्भावस्था", "गर्भ"], ["mis\u200bcarried", "miscarr"]]) {
  assert.ok(revealing(text).includes(found), text);
}
assert.deepEqual(revealing("Aamcare"), []);
