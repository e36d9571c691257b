/** Small parts that many pages share: cards, badges, figures, facts, messages. @module */
import type { ComponentChildren } from "preact";
import type { RunStatus } from "../../lib/contracts/mlflow/mod.ts";
import { Icon, type IconName } from "./Icon.tsx";

export function Card(
  { title, tools, children, foot, padded = true, id }: {
    title?: ComponentChildren;
    tools?: ComponentChildren;
    children: ComponentChildren;
    foot?: ComponentChildren;
    padded?: boolean;
    id?: string;
  },
) {
  return (
    <section class="card" data-testid={id}>
      {(title || tools) && (
        <header class="card-head">
          <h2>{title}</h2>
          {tools && <div class="card-tools">{tools}</div>}
        </header>
      )}
      {padded ? <div class="card-body">{children}</div> : children}
      {foot && <footer class="card-foot">{foot}</footer>}
    </section>
  );
}

export type Tone = "good" | "bad" | "warn" | "accent" | "";

export function Badge(
  { tone = "", children, id }: { tone?: Tone; children: ComponentChildren; id?: string },
) {
  return <span class={`badge ${tone}`} data-testid={id}>{children}</span>;
}

const statusTone: Record<RunStatus, Tone> = {
  RUNNING: "accent",
  SCHEDULED: "",
  FINISHED: "good",
  FAILED: "bad",
  KILLED: "warn",
};

const statusText: Record<RunStatus, string> = {
  RUNNING: "Running",
  SCHEDULED: "Scheduled",
  FINISHED: "Finished",
  FAILED: "Failed",
  KILLED: "Killed",
};

export function StatusBadge({ status, pruned = false }: { status: RunStatus; pruned?: boolean }) {
  if (pruned) {
    return (
      <span class="badge warn">
        <i class="dot" />
        Pruned
      </span>
    );
  }
  return (
    <span class={`badge ${statusTone[status] ?? ""}`}>
      <i class={`dot ${status === "RUNNING" ? "pulse" : ""}`} />
      {statusText[status] ?? status}
    </span>
  );
}

export interface FigureItem {
  label: string;
  value: string;
  note?: string;
  tone?: Tone;
}

/** Numbers that a page wants read first. */
export function Figures({ items, id }: { items: FigureItem[]; id?: string }) {
  return (
    <dl
      class="figures"
      data-testid={id}
      style={{ "--per-row": items.length <= 6 ? items.length : Math.ceil(items.length / 2) }}
    >
      {items.map((item) => (
        <div class="figure" key={item.label}>
          <dt>{item.label}</dt>
          <dd class={item.tone} title={item.value}>{item.value}</dd>
          {item.note && <dd class="figure-note">{item.note}</dd>}
        </div>
      ))}
    </dl>
  );
}

export function Facts({ items }: { items: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {items.map((
        [name, value],
      ) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  );
}

export function Note(
  { tone = "", children, id }: { tone?: Tone; children: ComponentChildren; id?: string },
) {
  const icon: IconName = tone === "good" ? "circleCheck" : tone === "" ? "info" : "warning";
  return (
    <div class={`note ${tone}`} role={tone === "bad" ? "alert" : "status"} data-testid={id}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export function PageHead(
  { title, crumbs, badges, facts, actions }: {
    title: ComponentChildren;
    crumbs?: ComponentChildren;
    badges?: ComponentChildren;
    facts?: ComponentChildren;
    actions?: ComponentChildren;
  },
) {
  return (
    <header class="page-head">
      <div>
        {crumbs && <nav class="crumbs" aria-label="Breadcrumb">{crumbs}</nav>}
        <div class="page-title">
          <h1>{title}</h1>
          {badges}
        </div>
        {facts && <div class="page-facts">{facts}</div>}
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </header>
  );
}

/** Buttons of which one is chosen. */
export function Segmented<T extends string>(
  { label, value, options, onChange, id }: {
    label: string;
    value: T;
    options: readonly { value: T; label: ComponentChildren; title?: string }[];
    onChange: (value: T) => void;
    id: string;
  },
) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          type="button"
          key={option.value}
          title={option.title}
          aria-label={option.title}
          aria-pressed={option.value === value}
          data-testid={`${id}-${option.value}`}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
