/** Keyboard shortcuts of every page, and the list of them under `?`. @module */
import { useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";

interface Place {
  path: string;
  label: string;
  letter: string;
}

/** Whether keys typed there are text. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

const ofTables: [string, string][] = [
  ["/", "Filter runs"],
  ["\u2191 \u2193", "Move through the table"],
  ["Space", "Select the run"],
  ["Enter", "Open the run"],
  ["c", "Compare selected runs"],
];

export function Shortcuts({ places }: { places: readonly Place[] }) {
  const { route } = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let isGoing = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") {
        dialog.current?.showModal();
        return;
      }
      if (event.key === "/") {
        const filter = document.querySelector<HTMLElement>("[data-shortcut='/']");
        if (filter) {
          event.preventDefault();
          filter.focus();
        }
        return;
      }
      const place = isGoing ? places.find((p) => p.letter === event.key) : undefined;
      isGoing = event.key === "g";
      clearTimeout(timer);
      timer = setTimeout(() => isGoing = false, 900);
      if (place) route(place.path);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [route]);
  return (
    <dialog class="dialog" ref={dialog} aria-label="Keyboard shortcuts" data-testid="shortcuts">
      <form class="dialog-body" method="dialog">
        <h2>Keyboard shortcuts</h2>
        <table class="table">
          <tbody>
            {places.map((place) => (
              <tr key={place.path}>
                <td>
                  <kbd>g</kbd> <kbd>{place.letter}</kbd>
                </td>
                <td>{place.label}</td>
              </tr>
            ))}
            {ofTables.map(([key, what]) => (
              <tr key={key}>
                <td>
                  <kbd>{key}</kbd>
                </td>
                <td>{what}</td>
              </tr>
            ))}
            <tr>
              <td>
                <kbd>?</kbd>
              </td>
              <td>This list</td>
            </tr>
          </tbody>
        </table>
        <div class="dialog-foot">
          <button type="submit" class="button">Close</button>
        </div>
      </form>
    </dialog>
  );
}
