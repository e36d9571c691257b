/** Keeps requests that users ask the server to make away from its own network. @module */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { invalid } from "../../errors.ts";

function ipv4Number(ip: string): number {
  return ip.split(".").reduce((n, part) => n * 256 + Number(part), 0);
}

/** Networks that are not the public internet (IANA's special-purpose registry). */
const reserved: [network: string, bits: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** The 16-bit groups of an IPv6 address, a dotted ending included. */
function ipv6Groups(ip: string): number[] {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(ip);
  if (dotted) {
    const n = ipv4Number(dotted[2]);
    ip = `${dotted[1]}${Math.floor(n / 65536).toString(16)}:${(n % 65536).toString(16)}`;
  }
  const [head, tail] = ip.split("::");
  const parse = (text: string) => text ? text.split(":").map((g) => parseInt(g, 16)) : [];
  if (tail === undefined) return parse(head);
  const [a, b] = [parse(head), parse(tail)];
  return [...a, ...Array(8 - a.length - b.length).fill(0), ...b];
}

/** Whether the address is on the public internet, also when IPv6 wraps an IPv4 address. */
export function isPublicAddress(ip: string): boolean {
  const bare = ip.replace(/^\[|\]$|%.*$/g, "");
  if (isIP(bare) === 4) {
    const n = ipv4Number(bare);
    return !reserved.some(([network, bits]) => {
      const size = 2 ** (32 - bits);
      return Math.floor(n / size) === Math.floor(ipv4Number(network) / size);
    });
  }
  if (isIP(bare) !== 6) return false;
  const g = ipv6Groups(bare.toLowerCase());
  const wrapped = (high: number, low: number) =>
    isPublicAddress([high >> 8, high & 255, low >> 8, low & 255].join("."));
  const zero = (from: number, to: number) => g.slice(from, to).every((x) => x === 0);
  if (zero(0, 5) && g[5] === 0xffff) return wrapped(g[6], g[7]);
  if (g[0] === 0x64 && g[1] === 0xff9b && zero(2, 6)) return wrapped(g[6], g[7]);
  if (g[0] === 0x2002) return wrapped(g[1], g[2]);
  // Only 2000::/3 is global unicast; of it, documentation and benchmarking are not.
  if (g[0] >> 13 !== 1) return false;
  return !(g[0] === 0x2001 && (g[1] === 0xdb8 || g[1] < 0x200));
}

export type Resolve = (host: string) => Promise<string[]>;

const resolveAll: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * The addresses that the URL may be asked at. Hosts in `allowed` (`host` or `host:port`) may be
 * private and plain HTTP. Refusals call the URL `field`. With `mayBeUnknown` a name without an
 * address has none.
 *
 * @throws {ApiError} For another scheme than https, no host, or a host that leads to a private network.
 */
export async function publicAddresses(
  url: string,
  options: {
    allowed?: readonly string[];
    resolve?: Resolve;
    field?: string;
    mayBeUnknown?: boolean;
  } = {},
): Promise<string[]> {
  const field = options.field ?? "Webhook URL";
  const uncapitalized = options.field ?? "webhook URL";
  const wrongScheme = (scheme: string) =>
    invalid(
      `Invalid ${uncapitalized} scheme: '${scheme}'. Allowed schemes are: ` +
        (options.field ? "'https'." : "https."),
    );
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    if (!/^[a-z][a-z\d+.-]*:/i.test(url)) throw wrongScheme("");
    throw invalid(`Invalid ${uncapitalized} '${url}'`);
  }
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const isAllowed = (options.allowed ?? []).some((a) => a === parsed.host || a === host);
  const scheme = parsed.protocol.slice(0, -1);
  if (scheme !== "https" && !(isAllowed && scheme === "http")) throw wrongScheme(scheme);
  if (parsed.username || parsed.password) {
    throw invalid(`${field} must not include embedded credentials: '${url}'`);
  }
  if (!host) throw invalid(`${field} must include a hostname: '${url}'`);
  let addresses: string[];
  try {
    addresses = isIP(host) ? [host] : await (options.resolve ?? resolveAll)(host);
  } catch (error) {
    if (options.mayBeUnknown) return [];
    throw invalid(`Cannot resolve ${field} hostname '${host}': ${(error as Error).message}`);
  }
  if (!isAllowed) {
    for (const address of addresses) {
      if (!isPublicAddress(address)) {
        throw invalid(
          `${field} must not resolve to a non-public IP address. ` +
            `'${host}' resolves to ${address}.`,
        );
      }
    }
  }
  return addresses;
}
