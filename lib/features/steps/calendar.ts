import { z } from "zod";
import { defineFeature } from "../feature_definition.ts";
import { scratch } from "../scratch.ts";
import { timeZone, wallClock } from "../wall_clock.ts";

const dayMs = 86_400_000;

/** How a field of the calendar is read from a time in ms, and after how much it comes round. */
const fields = {
  minuteOfDay: { period: 1440, of: (t: number) => Math.floor(mod(t, dayMs) / 60_000) },
  dayOfWeek: { period: 7, of: (t: number) => mod(Math.floor(t / dayMs) + 3, 7) },
  dayOfMonth: { period: 31, of: (t: number) => civil(t).day - 1 },
  month: { period: 12, of: (t: number) => civil(t).month - 1 },
} as const;

type CalendarField = keyof typeof fields;

function mod(a: number, b: number): number {
  return a - b * Math.floor(a / b);
}

/** Day and month of a time, by Hinnant's days-to-civil algorithm (no Date object per row). */
function civil(t: number): { day: number; month: number } {
  const days = Math.floor(t / dayMs) + 719_468;
  const era = mod(days, 146_097);
  const year = Math.floor(
    (era - Math.floor(era / 1460) + Math.floor(era / 36_524) - Math.floor(era / 146_096)) / 365,
  );
  const yearDay = era - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const shifted = Math.floor((5 * yearDay + 2) / 153);
  return {
    day: yearDay - Math.floor((153 * shifted + 2) / 5) + 1,
    month: shifted < 10 ? shifted + 3 : shifted - 9,
  };
}

export const calendar = {
  calendar: defineFeature({
    family: "calendar",
    summary:
      "Fields of the bar's time (Monday 0), on the clock of `timeZone`: cyclic as sine and cosine, or " +
      "ordinal in [0, 1). Daily bars stamped 00:00 UTC stand for their date: leave them in UTC",
    params: z.strictObject({
      fields: z.array(z.enum(Object.keys(fields) as [CalendarField, ...CalendarField[]])).min(1)
        .default(["dayOfWeek", "month"]),
      encoding: z.enum(["cyclic", "ordinal"]).default("cyclic"),
      timeZone,
    }),
    inputs: () => ["time"],
    outputs: (p) =>
      p.fields.flatMap((name) => p.encoding === "cyclic" ? [`${name}_sin`, `${name}_cos`] : [name]),
    lookback: () => 0,
    warmup: () => 0,
    create(p) {
      const clock = wallClock(p.timeZone);
      return {
        run([time], outputs, from, to) {
          const wall = scratch(0, to - from);
          clock(time, from, to, wall);
          let column = 0;
          for (const name of p.fields) {
            const { of, period } = fields[name];
            if (p.encoding === "ordinal") {
              const out = outputs[column++];
              for (let i = from; i < to; i++) out[i] = of(wall[i - from]) / period;
              continue;
            }
            const sine = outputs[column++];
            const cosine = outputs[column++];
            for (let i = from; i < to; i++) {
              const angle = 2 * Math.PI * of(wall[i - from]) / period;
              sine[i] = Math.sin(angle);
              cosine[i] = Math.cos(angle);
            }
          }
        },
      };
    },
  }),
};
