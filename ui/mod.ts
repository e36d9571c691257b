/**
 * The browser's pages: Preact and signals, built by esbuild when the server starts.
 *
 * `api.ts` talks to the server; `models/` hold state (signals, no DOM); `components/` and `pages/`
 * draw it; `charts/` wrap uPlot (series) and Observable Plot (explanations); `styles/` start from
 * `tokens.css`.
 *
 * ```ts ignore
 * import { buildUi } from "./mod.ts";
 *
 * const { dir, hash } = await buildUi({ outDir: ".tapebook/ui" });
 * console.log(`${dir}/index.html is the build of the sources with hash ${hash}`);
 * ```
 * @module
 */
export { buildUi, type UiBuild } from "./build.ts";
