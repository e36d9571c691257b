/**
 * Notebooks and reports as files: what a folder holds, read for the pages.
 *
 * ```ts ignore
 * import { listNotebooks } from "./mod.ts";
 *
 * for (const { name, title } of await listNotebooks("notebooks")) console.log(name, title);
 * ```
 * @module
 */
export {
  listNotebooks,
  type NotebookCell,
  type NotebookInfo,
  type NotebookOutput,
  readNotebook,
} from "./notebook_files.ts";
export { listReports, readReportFile, type ReportInfo } from "./report_files.ts";
