/** The runs table on screen: draws only the rows in sight, so that 10,000 runs scroll freely. @module */
import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import {
  formatAgo,
  formatDuration,
  formatMetric,
  formatParam,
  formatTime,
} from "../models/format.ts";
import { durationMs, isPruned, type RunRecord } from "../models/run_record.ts";
import type { Column, RunsTable, TableRow } from "../models/runs_table.ts";
import { Icon } from "./Icon.tsx";
import { StatusBadge } from "./parts.tsx";

const rowHeight = 37;
const headHeight = 37;
const overscan = 8;
const selectWidth = 40;

function widthOf(column: Column, isNarrow: boolean): number {
  switch (column.id) {
    case "name":
      return isNarrow ? 168 : 264;
    case "status":
      return 112;
    case "started":
      return 124;
    case "duration":
      return 112;
  }
  return column.isNumeric ? Math.min(190, Math.max(104, 44 + column.label.length * 7.2)) : 138;
}

/** The text of a cell; links and badges are drawn by Cell. */
function cellText(run: RunRecord, column: Column, now: number): string {
  switch (column.id) {
    case "started":
      return formatAgo(run.startTime, now);
    case "duration":
      return formatDuration(durationMs(run, now));
    case "user":
      return run.user || "\u2013";
  }
  if (column.kind === "metric") return formatMetric(column.label, run.metrics[column.label]);
  return column.kind === "param"
    ? formatParam(run.params[column.label])
    : run.tags[column.label] ?? "\u2013";
}

function NameCell({ row, table }: { row: TableRow; table: RunsTable }) {
  const { run, depth, childCount, isExpanded } = row;
  return (
    <>
      {table.hasChildren.value && table.isGrouped.value && depth === 0 && (
        childCount > 0
          ? (
            <button
              type="button"
              class="expander"
              aria-expanded={isExpanded}
              aria-label={`${childCount} child runs of ${run.name}`}
              data-testid={`expand-${run.id}`}
              onClick={() => table.toggleExpanded(run.id)}
            >
              <Icon name="chevron" size={14} />
            </button>
          )
          : <span style={{ width: "20px", flex: "none" }} />
      )}
      {depth === 1 && <span style={{ width: "34px", flex: "none" }} />}
      <a
        class="truncate"
        href={`/runs/${run.id}`}
        title={run.name}
        data-testid={`run-link-${run.id}`}
      >
        {run.name}
      </a>
      {childCount > 0 && <span class="badge">{childCount}</span>}
    </>
  );
}

function Row(
  { row, index, table, columns, widths, isActive, now }: {
    row: TableRow;
    index: number;
    table: RunsTable;
    columns: Column[];
    widths: number[];
    isActive: boolean;
    now: number;
  },
) {
  const { run } = row;
  const isSelected = table.selected.value.has(run.id);
  return (
    <div
      class={`grid-row ${isActive ? "active" : ""}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ top: `${headHeight + index * rowHeight}px`, height: `${rowHeight}px` }}
      data-testid={`row-${run.id}`}
    >
      <div class="cell sticky" role="gridcell" style={{ width: `${selectWidth}px`, left: 0 }}>
        <input
          type="checkbox"
          class="checkbox"
          checked={isSelected}
          aria-label={`Select ${run.name}`}
          data-testid={`select-${run.id}`}
          onClick={(event) => table.toggleSelected(run.id, event.shiftKey)}
        />
      </div>
      {columns.map((column, i) => {
        const isName = column.id === "name";
        return (
          <div
            key={column.id}
            role="gridcell"
            class={`cell ${column.isNumeric ? "num" : ""} ${isName ? "sticky last-sticky" : ""} ${
              i === columns.length - 1 ? "grow" : ""
            }`}
            style={{ width: `${widths[i]}px`, left: isName ? `${selectWidth}px` : undefined }}
            title={column.id === "started" ? formatTime(run.startTime) : undefined}
          >
            {isName
              ? <NameCell row={row} table={table} />
              : column.id === "status"
              ? <StatusBadge status={run.status} pruned={isPruned(run)} />
              : <span class="truncate">{cellText(run, column, now)}</span>}
          </div>
        );
      })}
    </div>
  );
}

function Head(
  { table, columns, widths }: { table: RunsTable; columns: Column[]; widths: number[] },
) {
  const sort = table.sort.value;
  const count = table.selected.value.size;
  return (
    <div class="grid-head" role="row" aria-rowindex={1}>
      <div
        class="cell sticky"
        role="columnheader"
        style={{ width: `${selectWidth}px`, left: 0, padding: "0 12px" }}
      >
        <input
          type="checkbox"
          class="checkbox"
          checked={count > 0}
          disabled={count === 0}
          aria-label="Clear the selection"
          data-testid="select-none"
          onClick={() => table.clearSelection()}
        />
      </div>
      {columns.map((column, i) => {
        const isSorted = sort?.column === column.id;
        const isName = column.id === "name";
        return (
          <div
            key={column.id}
            role="columnheader"
            aria-sort={!isSorted ? "none" : sort.descending ? "descending" : "ascending"}
            class={`cell ${isName ? "sticky last-sticky" : ""} ${
              i === columns.length - 1 ? "grow" : ""
            }`}
            style={{ width: `${widths[i]}px`, left: isName ? `${selectWidth}px` : undefined }}
          >
            <button
              type="button"
              class={`sort ${column.isNumeric ? "right" : ""}`}
              data-dir={isSorted ? sort.descending ? "desc" : "asc" : undefined}
              data-testid={`sort-${column.id}`}
              title={`${column.kind === "attribute" ? "" : `${column.kind} `}${column.label}`}
              onClick={() => table.toggleSort(column.id)}
            >
              <span class="truncate">{column.label}</span>
              {isSorted && <Icon name={sort.descending ? "down" : "up"} size={13} />}
            </button>
          </div>
        );
      })}
    </div>
  );
}

export function RunsGrid({ table, onCompare }: { table: RunsTable; onCompare: () => void }) {
  const { route } = useLocation();
  const view = useRef<HTMLDivElement>(null);
  const first = useSignal(0);
  const inSight = useSignal(30);
  const active = useSignal(-1);
  const isNarrow = useSignal(innerWidth < 700);
  const rows = table.rows.value;
  const columns = table.visible.value;
  const widths = columns.map((column) => widthOf(column, isNarrow.value));
  const now = Date.now();

  useEffect(() => {
    const element = view.current!;
    const observer = new ResizeObserver(() => {
      inSight.value = Math.ceil(element.clientHeight / rowHeight);
      isNarrow.value = innerWidth < 700;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    // In steps of four rows: scrolling within them draws nothing anew.
    first.value = Math.floor(view.current!.scrollTop / rowHeight / 4) * 4;
  };
  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    active.value = index;
    const element = view.current!;
    const top = index * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    const bottom = top + 2 * rowHeight + headHeight;
    if (bottom > element.scrollTop + element.clientHeight) {
      element.scrollTop = bottom - element.clientHeight;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== view.current) return;
    const run = rows[active.value]?.run;
    switch (event.key) {
      case "ArrowDown":
        move(active.value + 1);
        break;
      case "ArrowUp":
        move(active.value - 1);
        break;
      case "PageDown":
        move(active.value + inSight.value - 2);
        break;
      case "PageUp":
        move(active.value - inSight.value + 2);
        break;
      case "Home":
        move(0);
        break;
      case "End":
        move(rows.length - 1);
        break;
      case "ArrowRight":
      case "ArrowLeft":
        if (run && rows[active.value].childCount > 0) table.toggleExpanded(run.id);
        break;
      case " ":
        if (run) table.toggleSelected(run.id, event.shiftKey);
        break;
      case "Enter":
        if (run) route(`/runs/${run.id}`);
        break;
      case "c":
        if (table.selected.value.size > 0) onCompare();
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const from = Math.max(0, first.value - overscan);
  const to = Math.min(rows.length, first.value + inSight.value + overscan);
  const height = headHeight + rows.length * rowHeight;
  return (
    <div
      class="grid"
      ref={view}
      role="grid"
      tabIndex={0}
      aria-label="Runs"
      aria-rowcount={rows.length + 1}
      aria-multiselectable="true"
      data-testid="runs-grid"
      style={{
        maxHeight: `${Math.max(height + 18, 160)}px`,
        minHeight: `${Math.min(320, height + 18)}px`,
      }}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div class="grid-inner" style={{ height: `${height}px` }}>
        <Head table={table} columns={columns} widths={widths} />
        {rows.slice(from, to).map((row, i) => (
          <Row
            key={row.run.id}
            row={row}
            index={from + i}
            table={table}
            columns={columns}
            widths={widths}
            isActive={active.value === from + i}
            now={now}
          />
        ))}
      </div>
    </div>
  );
}
