import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { KINDS } from "../src/core/states";

const css = readFileSync(new URL("../src/styles.css", import.meta.url), "utf8");

function tokens(block: RegExp): Map<string, string> {
  const body = block.exec(css)?.[1] ?? "";
  return new Map([...body.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1]!, match[2]!]));
}

const themes = { light: tokens(/^:root \{([^}]*)\}/m), dark: tokens(/^:root\[data-theme="dark"\] \{([^}]*)\}/m) };

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function ratio(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a! + 0.05) / (b! + 0.05);
}

describe.each(Object.entries(themes))("the colours of %s", (_, theme) => {
  const grounds = ["bg", "surface", "sunken", "hover", "selected", "band"].map((name) => theme.get(name)!);
  it.each([...KINDS, "ink", "ink-2", "ink-3"])("show %s as text on every ground (WCAG 2.2: 4.5)", (name) => {
    for (const ground of grounds) expect(ratio(theme.get(name)!, ground)).toBeGreaterThanOrEqual(4.5);
  });
  it.each(["line-strong", "done", "accent"])("show %s as a mark on every ground (3.0)", (name) => {
    for (const ground of grounds) expect(ratio(theme.get(name)!, ground)).toBeGreaterThanOrEqual(3);
  });
});
