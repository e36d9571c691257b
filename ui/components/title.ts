/** The title of the browser's tab. @module */
import { useEffect } from "preact/hooks";

/** Names the tab after the page. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} \u00b7 Tapebook`;
  }, [title]);
}
