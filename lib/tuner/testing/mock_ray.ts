/**
 * A stand-in for a Ray cluster's job server, for tests: the same addresses and answers, its jobs
 * really are processes of this machine.
 * @module
 */

interface MockJob {
  submission_id: string;
  entrypoint: string;
  body: Record<string, unknown>;
  status: string;
  message: string;
  logs: string;
  process: Deno.ChildProcess | null;
}

export interface MockRay {
  address: string;
  jobs: MockJob[];
  close(): Promise<void>;
}

/** Starts the stand-in. `failFirst` jobs end as FAILED at once, as when a node is lost. */
export function startMockRay(options: { failFirst?: number } = {}): MockRay {
  const jobs: MockJob[] = [];
  let failures = options.failFirst ?? 0;
  const find = (id: string) => jobs.find((j) => j.submission_id === id);
  const refuse = (status: number, text: string) => new Response(text, { status });

  function begin(body: Record<string, unknown>): Response {
    const id = String(body.submission_id);
    if (find(id)) return refuse(500, `Job with submission_id ${id} already exists`);
    const job: MockJob = {
      submission_id: id,
      entrypoint: String(body.entrypoint),
      body,
      status: "PENDING",
      message: "Job has not started yet.",
      logs: "",
      process: null,
    };
    jobs.push(job);
    if (failures-- > 0) {
      job.status = "FAILED";
      job.message = "Job supervisor actor died because its node was lost";
      return Response.json({ job_id: id, submission_id: id });
    }
    const process = new Deno.Command("sh", {
      args: ["-c", `exec ${job.entrypoint}`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    job.process = process;
    job.status = "RUNNING";
    void process.output().then(({ code, stdout, stderr }) => {
      job.logs = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      if (job.status === "STOPPED") return;
      job.status = code === 0 ? "SUCCEEDED" : "FAILED";
      job.message = code === 0
        ? "Job finished successfully."
        : `Job entrypoint command failed with exit code ${code}`;
    });
    return Response.json({ job_id: id, submission_id: id });
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/api/version") {
        return Response.json({ version: "4", ray_version: "2.60.0", ray_commit: "mock" });
      }
      if (pathname === "/api/jobs/" && request.method === "POST") {
        return begin(
          await request.json(),
        );
      }
      const match = /^\/api\/jobs\/([^/]+)(\/stop|\/logs)?$/.exec(pathname);
      const job = match && find(decodeURIComponent(match[1]));
      if (!match || !job) return refuse(404, "Job does not exist");
      if (match[2] === "/logs") return Response.json({ logs: job.logs });
      if (match[2] === "/stop") {
        const stopped = job.status === "RUNNING";
        if (stopped) {
          job.status = "STOPPED";
          job.process?.kill("SIGTERM");
        }
        return Response.json({ stopped });
      }
      const { submission_id, entrypoint, status, message } = job;
      return Response.json({
        type: "SUBMISSION",
        job_id: null,
        submission_id,
        entrypoint,
        status,
        message,
        driver_exit_code: null,
      });
    },
  );
  return {
    address: `http://127.0.0.1:${server.addr.port}`,
    jobs,
    async close() {
      for (const job of jobs) {
        if (job.status === "RUNNING") job.process?.kill("SIGKILL");
        await job.process?.status;
      }
      await server.shutdown();
    },
  };
}
