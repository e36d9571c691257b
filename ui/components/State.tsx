/** What a view shows while it has nothing to show: loading, empty, failed. @module */
import type { ComponentChildren } from "preact";
import type { Resource } from "../models/resource.ts";
import { Icon, type IconName } from "./Icon.tsx";

/** Grey lines in the place of what is still loading. */
export function Loading({ lines = 5, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label} data-testid="loading">
      {Array.from(
        { length: lines },
        (_, i) => <i key={i} style={{ width: `${92 - (i * 17) % 45}%` }} />,
      )}
    </div>
  );
}

export function Empty(
  { icon = "info", title, children, compact }: {
    icon?: IconName;
    title: string;
    children?: ComponentChildren;
    compact?: boolean;
  },
) {
  return (
    <div class={`state ${compact ? "compact" : ""}`} data-testid="empty">
      {!compact && <Icon name={icon} size={26} />}
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Failed({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div class="state" role="alert" data-testid="error">
      <Icon name="warning" size={26} />
      <strong>This could not be loaded</strong>
      <p>{error.message}</p>
      {retry && (
        <button type="button" class="button" data-testid="retry" onClick={retry}>Try again</button>
      )}
    </div>
  );
}

/** A resource in whichever of its states it is. */
export function Loaded<T>(
  { resource, lines, children }: {
    resource: Resource<T>;
    lines?: number;
    children: (data: T) => ComponentChildren;
  },
) {
  const data = resource.data.value;
  if (data !== null) return <>{children(data)}</>;
  const error = resource.error.value;
  if (error) return <Failed error={error} retry={() => resource.reload()} />;
  return <Loading lines={lines} />;
}
