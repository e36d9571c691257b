/** Line icons on a 24-unit grid, drawn in the text's colour. @module */

const paths = {
  experiments: "M9 3h6M10 3v6.5L4.6 18a2 2 0 0 0 1.7 3h11.4a2 2 0 0 0 1.7-3L14 9.5V3M7.5 15h9",
  models: "M12 3 4 7.5v9L12 21l8-4.5v-9L12 3ZM4 7.5l8 4.5 8-4.5M12 12v9",
  serving: "M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01",
  notebooks:
    "M6 3h12a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H6zM6 3v18M3.5 8H6M3.5 12H6M3.5 16H6M10 8h5M10 12h5",
  reports:
    "M7 3h7l5 5v12a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM14 3v5h5M9 17l2.5-3 2 2 2.5-3.5",
  audit: "M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6l-7-3ZM9 12l2.2 2.2L15.5 10",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20",
  columns: "M4 5h16v14H4zM9.3 5v14M14.6 5v14",
  compare: "M4 20V11M10 20V4M16 20v-7M21 20H3",
  chevron: "m9 6 6 6-6 6",
  down: "m6 9 6 6 6-6",
  up: "m6 15 6-6 6 6",
  close: "M6 6l12 12M18 6 6 18",
  check: "m5 12.5 4.5 4.5L19 7.5",
  circleCheck: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 12.3l2.4 2.4 4.6-5",
  circleCross: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9 9l6 6M15 9l-6 6",
  warning: "M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.3h.01",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5M12 8h.01",
  sun:
    "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2.5v2M12 19.5v2M4.6 4.6 6 6M18 18l1.4 1.4M2.5 12h2M19.5 12h2M4.6 19.4 6 18M18 6l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  file: "M7 3h7l5 5v12a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM14 3v5h5",
  folder: "M3.5 6a1 1 0 0 1 1-1h4.8l2 2.5h8.2a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1z",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M4 20h16",
  rollback: "M8 5 3.5 9.5 8 14M3.5 9.5H15a5 5 0 0 1 0 10h-4",
  promote: "M12 20V6M6 11.5 12 5.5l6 6",
  play: "M7 4.5v15l12-7.5z",
  refresh: "M20 12a8 8 0 1 1-2.6-5.9M20 3.5V8h-4.5",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.2 2",
  pencil: "M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4",
  tree: "M5 4v14a2 2 0 0 0 2 2h3M5 10h5M13 7.5h6v5h-6zM13 17h6v5h-6z",
  copy: "M9 9h10v11H9zM5 15V4h10",
  keyboard: "M3.5 6.5h17v11h-17zM7 10h.01M10.5 10h.01M14 10h.01M17 10h.01M8 14h8",
} as const;

export type IconName = keyof typeof paths;

/** An icon that repeats what a text beside it says; it is hidden from readers of the page aloud. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}
