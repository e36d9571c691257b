/** Keeps a page fresh: looks again at an interval while somebody is looking at it. @module */
import { useEffect } from "preact/hooks";

/** Calls `refresh` every `everyMs` while the page is in sight, and at once when it comes back. */
export function useRefresh(refresh: () => unknown, everyMs: number, isOn = true): void {
  useEffect(() => {
    if (!isOn) return;
    const look = () => {
      if (!document.hidden) void refresh();
    };
    const timer = setInterval(look, everyMs);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [isOn]);
}
