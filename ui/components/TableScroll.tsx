/** A table that may be wider than the window: it scrolls by itself, with the keyboard, too. @module */
import type { ComponentChildren } from "preact";

export function TableScroll({ children }: { children: ComponentChildren }) {
  return (
    <div class="table-scroll" role="group" aria-label="Table" tabIndex={0}>
      {children}
    </div>
  );
}
