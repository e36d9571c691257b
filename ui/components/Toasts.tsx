/** Short messages about what was done, in a corner. @module */
import { signal } from "@preact/signals";
import { Icon } from "./Icon.tsx";

interface Toast {
  id: number;
  text: string;
  isError: boolean;
}

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Says that something was done, or why it was not. */
export function toast(text: string, options: { isError?: boolean } = {}): void {
  const id = ++lastId;
  toasts.value = [...toasts.value.slice(-3), { id, text, isError: options.isError ?? false }];
  setTimeout(() => drop(id), options.isError ? 9000 : 4500);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((item) => (
        <div class="toast" key={item.id} data-testid="toast">
          <span class={item.isError ? "bad" : "good"}>
            <Icon name={item.isError ? "warning" : "circleCheck"} />
          </span>
          <span>{item.text}</span>
          <button type="button" class="expander" aria-label="Close" onClick={() => drop(item.id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
