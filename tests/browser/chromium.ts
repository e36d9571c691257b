/** Chromium under playwright, for tests and pictures of the pages. @module */
import type { Browser, Page } from "playwright-core";

export interface OpenPageOptions {
  width?: number;
  height?: number;
  colorScheme?: "light" | "dark";
}

/** Chromium at `path`, without a window. */
export async function launchChromium(path: string): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath: path,
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--font-render-hinting=none",
    ],
  });
}

/** A page in a context of its own; what it logs as an error is gathered in `faults`. */
export async function openPage(
  browser: Browser,
  baseURL: string,
  options: OpenPageOptions = {},
): Promise<{ page: Page; faults: string[]; close(): Promise<void> }> {
  const { width = 1280, height = 860, colorScheme = "light" } = options;
  const context = await browser.newContext({
    baseURL,
    colorScheme,
    viewport: { width, height },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`${error.message}\n${error.stack ?? ""}`));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  return { page, faults, close: () => context.close() };
}
