/** A member's training for tests: it gains most near a moving rate, and crashes where it is told to. */
interface Step {
  member: number;
  interval: number;
  params: { rate: number };
  checkpoint: { skill: number; pids: number[] } | null;
}

export function train({ member, interval, params, checkpoint }: Step) {
  const marker = Deno.env.get("CRASH_ONCE");
  if (marker && member === 1 && interval === 1) {
    try {
      Deno.writeTextFileSync(marker, "", { createNew: true });
      Deno.kill(Deno.pid, "SIGKILL");
    } catch { /* it has crashed before */ }
  }
  if (params.rate > 1e6) throw new Error("rate is too high");
  console.log("a line that is no answer");
  const gain = Math.exp(-((Math.log10(params.rate) + 1 + interval / 5) ** 2));
  const skill = (checkpoint?.skill ?? 0) + gain;
  return { value: skill, checkpoint: { skill, pids: [...(checkpoint?.pids ?? []), Deno.pid] } };
}
