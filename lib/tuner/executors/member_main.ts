/** The program of a {@linkcode MemberProcesses} process: one step per line in, one answer out. @module */
import { answerMark } from "./member_processes.ts";
import { loadObjective } from "../worker.ts";

if (import.meta.main) {
  const train = await loadObjective(Deno.args[0]) as unknown as (step: unknown) => unknown;
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const text of lines) {
    rest += text;
    for (let end; (end = rest.indexOf("\n")) >= 0;) {
      const step = JSON.parse(rest.slice(0, end));
      rest = rest.slice(end + 1);
      let answer: unknown;
      try {
        answer = await train(step);
      } catch (error) {
        answer = { error: error instanceof Error ? error.message : String(error) };
      }
      console.log(answerMark + JSON.stringify(answer));
    }
  }
}
