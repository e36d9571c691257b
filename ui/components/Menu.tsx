/** A button that opens a panel; Escape or a click elsewhere closes it. @module */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Menu(
  { label, id, children, className = "" }: {
    label: ComponentChildren;
    id: string;
    children: ComponentChildren;
    className?: string;
  },
) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const onPointer = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) open.value = false;
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !open.peek()) return;
      open.value = false;
      button.current?.focus();
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        ref={button}
        class={`button ${className}`}
        aria-expanded={open.value}
        data-testid={id}
        onClick={() => open.value = !open.value}
      >
        {label}
      </button>
      {open.value && <div class="menu-panel" data-testid={`${id}-panel`}>{children}</div>}
    </div>
  );
}
