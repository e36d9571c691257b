/** The frame around every page: navigation, theme, keyboard shortcuts, messages. @module */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import { body, v1 } from "../api.ts";
import { type ThemeChoice, useTheme } from "../models/theme.ts";
import { Icon, type IconName } from "./Icon.tsx";
import { Segmented } from "./parts.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { SignIn, useSession } from "./SignIn.tsx";
import { Toasts } from "./Toasts.tsx";

interface Place {
  path: string;
  label: string;
  icon: IconName;
  /** Pressed after `g`. */
  letter: string;
  /** Other addresses that belong here. */
  also?: RegExp;
}

export const places: Place[] = [
  {
    path: "/",
    label: "Experiments",
    icon: "experiments",
    letter: "e",
    also: /^\/(experiments|runs|compare|studies)(\/|$)/,
  },
  { path: "/models", label: "Models", icon: "models", letter: "m", also: /^\/models\// },
  { path: "/serving", label: "Serving", icon: "serving", letter: "s" },
  { path: "/notebooks", label: "Notebooks", icon: "notebooks", letter: "n" },
  { path: "/reports", label: "Reports", icon: "reports", letter: "r" },
  { path: "/audit", label: "Audit", icon: "audit", letter: "a" },
];

const themes: { value: ThemeChoice; label: ComponentChildren; title: string }[] = [
  {
    value: "system",
    label: <Icon name="system" size={14} />,
    title: "Colours as the system prefers",
  },
  { value: "light", label: <Icon name="sun" size={14} />, title: "Light colours" },
  { value: "dark", label: <Icon name="moon" size={14} />, title: "Dark colours" },
];

function Brand() {
  return (
    <a class="nav-brand" href="/" data-testid="nav-brand" aria-label="Tapebook, all experiments">
      <svg viewBox="0 0 32 32" fill="none" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#2F55D4" />
        <path
          d="M6 20.5 11 14l4.5 4.5L21 9l5 6.5"
          stroke="#fff"
          stroke-width="2.6"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
        <path
          d="M6 25.5h20"
          stroke="#fff"
          stroke-opacity=".55"
          stroke-width="2.2"
          stroke-linecap="round"
          stroke-dasharray="3.2 3.6"
        />
      </svg>
      <span>Tapebook</span>
    </a>
  );
}

/** Which server this is, or that it is away. Asked for again every half minute. */
function ServerLine() {
  const line = useSignal<{ text: string; isUp: boolean } | null>(null);
  useEffect(() => {
    const ask = async () => {
      try {
        const { version, database } = await body(v1.server.$get());
        const store = database === "pglite" ? "PGlite" : "PostgreSQL";
        line.value = { text: `${version} · ${store}`, isUp: true };
      } catch {
        line.value = { text: "Server is away", isUp: false };
      }
    };
    void ask();
    const timer = setInterval(() => {
      if (!document.hidden) void ask();
    }, 30_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="nav-server" data-testid="nav-server">
      {line.value && (
        <>
          <i class={`dot ${line.value.isUp ? "good" : "bad"}`} /> {line.value.text}
        </>
      )}
    </div>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const theme = useTheme();
  const session = useSession();
  const who = session.session.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else scrollTo(0, 0);
  }, [path]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={() => main.current?.focus()}>Skip to the page</a>
      <header class="nav">
        <Brand />
        <nav class="nav-list" aria-label="Main">
          {places.map((place) => {
            const isHere = path === place.path || place.also?.test(path);
            return (
              <a
                key={place.path}
                class="nav-link"
                href={place.path}
                aria-current={isHere ? "page" : undefined}
                data-testid={`nav-${place.label.toLowerCase()}`}
              >
                <Icon name={place.icon} />
                {place.label}
              </a>
            );
          })}
        </nav>
        <div class="nav-foot">
          {who?.auth === "on" && (
            <div class="who">
              <span class="truncate" data-testid="who">{who.user}</span>
              <button
                type="button"
                class="button quiet small"
                data-testid="sign-out"
                onClick={() => session.signOut()}
              >
                Sign out
              </button>
            </div>
          )}
          <ServerLine />
          <Segmented
            id="theme"
            label="Colours"
            value={theme.choice.value}
            options={themes}
            onChange={theme.choose}
          />
        </div>
      </header>
      <main class="main" id="main" ref={main} tabIndex={-1}>
        {session.isNeeded.value ? <SignIn session={session} /> : children}
      </main>
      <Shortcuts places={places} />
      <Toasts />
    </div>
  );
}
