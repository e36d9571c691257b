/** Light or dark: what the system prefers unless the reader chose. @module */
import { effect, type ReadonlySignal, signal } from "@preact/signals";

export type ThemeChoice = "system" | "light" | "dark";

export interface Theme {
  readonly choice: ReadonlySignal<ThemeChoice>;
  /** Changes with every change of colours, so that charts on canvas paint again. */
  readonly version: ReadonlySignal<number>;
  choose(choice: ThemeChoice): void;
}

const key = "tapebook.theme";

function stored(): ThemeChoice {
  const value = localStorage.getItem(key);
  return value === "light" || value === "dark" ? value : "system";
}

function createTheme(): Theme {
  const choice = signal<ThemeChoice>(stored());
  const version = signal(0);
  effect(() => {
    const root = document.documentElement;
    if (choice.value === "system") delete root.dataset.theme;
    else root.dataset.theme = choice.value;
    version.value = version.peek() + 1;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    version.value++;
  });
  return {
    choice,
    version,
    choose(next) {
      if (next === "system") localStorage.removeItem(key);
      else localStorage.setItem(key, next);
      choice.value = next;
    },
  };
}

let theme: Theme | undefined;

/** The page's one theme. */
export function useTheme(): Theme {
  return theme ??= createTheme();
}
