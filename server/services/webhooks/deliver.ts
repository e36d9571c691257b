/** Sends one webhook request, signed as MLflow signs it, and says how it went. @module */
import { createHmac } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { publicAddresses, type Resolve } from "./public_address.ts";

export interface Delivery {
  url: string;
  secret?: string;
  entity: string;
  action: string;
  data: Record<string, unknown>;
  /** Hosts that may be private. */
  allowed: readonly string[];
  now: number;
  resolve?: Resolve;
}

export interface DeliveryResult {
  success: boolean;
  response_status?: number;
  response_body?: string;
  error_message?: string;
}

const timeoutMs = 10_000;
const mostBody = 4000;

/** `v1,<base64 of HMAC-SHA256>` over delivery id, timestamp and payload. */
export function sign(secret: string, id: string, timestamp: string, payload: string): string {
  const mac = createHmac("sha256", secret).update(`${id}.${timestamp}.${payload}`);
  return `v1,${mac.digest("base64")}`;
}

/** One POST; redirects are not followed, and the connection goes to an address that was checked. */
export async function deliver(delivery: Delivery): Promise<DeliveryResult> {
  const { url, secret, entity, action, data, now } = delivery;
  let address: string;
  try {
    [address] = await publicAddresses(url, {
      allowed: delivery.allowed,
      resolve: delivery.resolve,
    });
  } catch (error) {
    return { success: false, error_message: (error as Error).message };
  }
  const payload = JSON.stringify({ entity, action, timestamp: new Date(now).toISOString(), data });
  const id = crypto.randomUUID();
  const timestamp = String(Math.floor(now / 1000));
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    "Content-Length": String(new TextEncoder().encode(payload).byteLength),
    "X-MLflow-Delivery-Id": id,
    "X-MLflow-Timestamp": timestamp,
  };
  if (secret) headers["X-MLflow-Signature"] = sign(secret, id, timestamp, payload);
  const { protocol } = new URL(url);
  return await new Promise<DeliveryResult>((resolve) => {
    const failed = (error: Error) => resolve({ success: false, error_message: error.message });
    const request = (protocol === "https:" ? https : http).request(url, {
      method: "POST",
      headers,
      timeout: timeoutMs,
      // Asking for the name again could give another address than the one that was checked.
      lookup: (_host: string, options: unknown, done: unknown) => {
        const family = isIP(address);
        const callback = (typeof options === "function" ? options : done) as (
          error: null,
          address: string | { address: string; family: number }[],
          family?: number,
        ) => void;
        if ((options as { all?: boolean })?.all) callback(null, [{ address, family }]);
        else callback(null, address, family);
      },
    }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        if (body.length < mostBody) body += chunk;
      });
      answer.on("end", () => {
        const status = answer.statusCode ?? 0;
        resolve({
          success: status >= 200 && status < 300,
          response_status: status,
          response_body: body.slice(0, mostBody),
        });
      });
      answer.on("error", failed);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on("error", failed);
    request.end(payload);
  });
}
