/** Tabs after the WAI-ARIA pattern: arrows move, the panel follows. @module */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

export interface TabItem {
  id: string;
  label: string;
  count?: number;
  content: () => ComponentChildren;
}

export function Tabs(
  { items, selected, onSelect, label }: {
    items: TabItem[];
    selected: string;
    onSelect: (id: string) => void;
    label: string;
  },
) {
  const list = useRef<HTMLDivElement>(null);
  const current = items.find((item) => item.id === selected) ?? items[0];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = items[(items.indexOf(current) + step + items.length) % items.length];
    onSelect(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {items.map((item) => (
          <button
            type="button"
            role="tab"
            key={item.id}
            id={`tab-${item.id}`}
            class="tab"
            aria-selected={item === current}
            aria-controls={`panel-${item.id}`}
            tabIndex={item === current ? 0 : -1}
            data-testid={`tab-${item.id}`}
            onClick={() => onSelect(item.id)}
          >
            {item.label}
            {item.count !== undefined && <span class="count">{item.count}</span>}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`panel-${current.id}`}
        aria-labelledby={`tab-${current.id}`}
        class="stack"
      >
        {current.content()}
      </div>
    </>
  );
}
