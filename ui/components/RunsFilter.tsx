/** The box in which runs are filtered with MLflow's grammar. @module */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunsTable } from "../models/runs_table.ts";
import { Icon } from "./Icon.tsx";

const pauseMs = 450;

export function RunsFilter({ table }: { table: RunsTable }) {
  const text = useSignal(table.filter.value);
  useEffect(() => {
    text.value = table.filter.value;
  }, [table.filter.value]);
  useEffect(() => {
    if (text.value.trim() === table.filter.peek()) return;
    const timer = setTimeout(() => table.applyFilter(text.peek()), pauseMs);
    return () => clearTimeout(timer);
  }, [text.value]);
  const error = table.filterError.value;
  return (
    <form
      class="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        table.applyFilter(text.value);
      }}
    >
      <Icon name="search" />
      <input
        class="input"
        type="text"
        spellcheck={false}
        autocomplete="off"
        placeholder={`metrics.sharpe > 1 AND params.kind = "lstm"`}
        aria-label="Filter runs"
        aria-invalid={error !== null}
        aria-describedby="filter-error"
        value={text.value}
        data-testid="filter"
        data-shortcut="/"
        onInput={(event) => text.value = event.currentTarget.value}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      {text.value && (
        <button
          type="button"
          class="button quiet small icon filter-clear"
          aria-label="Clear the filter"
          data-testid="filter-clear"
          onClick={() => {
            text.value = "";
            table.applyFilter("");
          }}
        >
          <Icon name="close" size={14} />
        </button>
      )}
      <div id="filter-error" role="alert">
        {error && <div class="filter-error" data-testid="filter-error">{error}</div>}
      </div>
    </form>
  );
}
