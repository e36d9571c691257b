/**
 * How busy the machine is while a run goes on: its processor, memory and network (the last only for
 * programs that may read /proc), the program's own memory, and NVIDIA GPUs where `nvidia-smi` answers.
 *
 * Metrics carry MLflow's names: `system/cpu_utilization_percentage`, `system/system_memory_usage_megabytes`,
 * `system/gpu_0_utilization_percentage`, …; megabytes are 10^6 bytes.
 * @module
 */
import { cpus } from "node:os";
import type { Run } from "./run.ts";

export interface SystemMetricsOptions {
  /** Time between samples. Default 10 s. */
  everyMs?: number;
}

export interface CpuTimes {
  busy: number;
  total: number;
}

/** Processor time since boot over all cores, in milliseconds; null where it is not told. */
export function readCpuTimes(): CpuTimes | null {
  try {
    let busy = 0;
    let idle = 0;
    for (const { times } of cpus()) {
      busy += times.user + times.nice + times.sys + times.irq;
      idle += times.idle;
    }
    return busy + idle > 0 ? { busy, total: busy + idle } : null;
  } catch {
    return null;
  }
}

/** Received and sent bytes of all interfaces but loopback, from `/proc/net/dev`. */
export function parseNetwork(dev: string): { receivedBytes: number; sentBytes: number } {
  let receivedBytes = 0;
  let sentBytes = 0;
  for (const line of dev.split("\n")) {
    const match = line.match(/^\s*([^:\s]+):\s*(.+)$/);
    if (!match || match[1] === "lo") continue;
    const fields = match[2].trim().split(/\s+/).map(Number);
    receivedBytes += fields[0];
    sentBytes += fields[8];
  }
  return { receivedBytes, sentBytes };
}

/** Lines of `nvidia-smi --query-gpu=utilization.gpu,memory.used,memory.total,power.draw`. */
export function parseGpus(csv: string): Record<string, number> {
  const metrics: Record<string, number> = {};
  csv.trim().split("\n").filter((l) => l.trim() !== "").forEach((line, i) => {
    const [utilization, usedMiB, totalMiB, watts] = line.split(",").map((f) => parseFloat(f));
    const put = (name: string, value: number) => {
      if (Number.isFinite(value)) metrics[`system/gpu_${i}_${name}`] = value;
    };
    put("utilization_percentage", utilization);
    put("memory_usage_megabytes", usedMiB * 1.048576);
    put("memory_usage_percentage", 100 * usedMiB / totalMiB);
    put("power_usage_watts", watts);
  });
  return metrics;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

async function readGpus(): Promise<string | null> {
  try {
    const { state } = await Deno.permissions.query({ name: "run", command: "nvidia-smi" });
    if (state !== "granted") return null;
    const { success, stdout } = await new Deno.Command("nvidia-smi", {
      args: [
        "--query-gpu=utilization.gpu,memory.used,memory.total,power.draw",
        "--format=csv,noheader,nounits",
      ],
      stdout: "piped",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch {
    return null;
  }
}

/** Takes samples; rates are since the sample before. */
export class SystemSampler {
  #cpu: CpuTimes | null = null;
  #network: { receivedBytes: number; sentBytes: number } | null = null;
  #hasGpu = true;

  /** Current values by metric name; what cannot be read here is left out. */
  async sample(): Promise<Record<string, number>> {
    const metrics: Record<string, number> = {};
    const cpu = readCpuTimes();
    if (cpu && this.#cpu && cpu.total > this.#cpu.total) {
      metrics["system/cpu_utilization_percentage"] = 100 * (cpu.busy - this.#cpu.busy) /
        (cpu.total - this.#cpu.total);
    }
    this.#cpu = cpu;
    try {
      const memory = Deno.systemMemoryInfo();
      const used = memory.total - memory.available;
      metrics["system/system_memory_usage_megabytes"] = used / 1e6;
      metrics["system/system_memory_usage_percentage"] = 100 * used / memory.total;
    } catch { /* not permitted */ }
    metrics["system/process_memory_megabytes"] = Deno.memoryUsage().rss / 1e6;
    const dev = readText("/proc/net/dev");
    if (dev !== null) {
      const network = parseNetwork(dev);
      if (this.#network) {
        const { receivedBytes, sentBytes } = this.#network;
        metrics["system/network_receive_megabytes"] = (network.receivedBytes - receivedBytes) / 1e6;
        metrics["system/network_transmit_megabytes"] = (network.sentBytes - sentBytes) / 1e6;
      }
      this.#network = network;
    }
    if (this.#hasGpu) {
      const csv = await readGpus();
      if (csv === null) this.#hasGpu = false;
      else Object.assign(metrics, parseGpus(csv));
    }
    return metrics;
  }
}

/**
 * Logs the machine's state to `run` until the run ends or the function that it gives is called. The
 * timer does not keep a program alive.
 */
export function logSystemMetrics(run: Run, options: SystemMetricsOptions = {}): () => void {
  const sampler = new SystemSampler();
  let step = 0;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  const tick = async () => {
    const metrics = await sampler.sample();
    if (isStopped) return;
    if (run.status !== "RUNNING") return stop();
    run.logMetrics(metrics, { step: step++ });
  };
  const timer = setInterval(tick, options.everyMs ?? 10_000);
  Deno.unrefTimer(timer as unknown as number);
  tick();
  return stop;
}
