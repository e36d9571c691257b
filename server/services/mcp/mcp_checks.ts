/** What may be written to the MCP server registry, refused in the words of MLflow's server. @module */
import { invalid } from "../../errors.ts";
import type { McpStatus } from "../../db/mcp_versions.ts";
import { checkLength, pythonRepr } from "../validation.ts";
import { publicAddresses, type Resolve } from "../webhooks/public_address.ts";

export interface McpIcon extends Record<string, unknown> {
  src: string;
  mimeType?: string;
  theme?: string;
}

export interface McpTool {
  name: string;
  title?: string;
  description?: string;
  inputSchema?: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
  icons?: McpIcon[];
  execution?: Record<string, unknown>;
}

/** Lengths of the columns that MLflow keeps these in. */
const most = { name: 256, key: 250, value: 5000, source: 512, url: 2048, icons: 100, tools: 1000 };

/**
 * A name is `<reverse-dns namespace>/<server slug>`.
 *
 * @throws {ApiError} For another, or one whose slug is a part of the registry's own addresses.
 */
export function checkMcpName(name: string): void {
  if (!name) throw invalid("MCP server name must not be empty");
  const [, slug] = /^[a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9]\/([a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9])$/
    .exec(name) ?? [];
  if (slug === undefined || /^(aliases|endpoints|tags|versions)$/.test(slug)) {
    throw invalid(
      "Invalid MCP server name. Expected '<reverse-dns namespace>/<server slug>' such as " +
        "'com.example/server-name'.",
    );
  }
  checkLength("name", most.name, name);
}

export function checkMcpTag(key: string, value: string): void {
  if (key === "") throw invalid("Tag key cannot be empty.");
  checkLength("key", most.key, key);
  checkLength("value", most.value, value);
}

export function checkMcpAlias(alias: string): void {
  if (alias === "latest") {
    throw invalid("The alias name 'latest' is reserved for automatic resolution");
  }
  if (alias === "") throw invalid("Alias cannot be empty.");
  checkLength("alias", most.name, alias);
}

export function checkMcpSource(source: string | null): void {
  if (source !== null) checkLength("source", most.source, source);
}

export function checkDisplayName(name: string | null): void {
  if (name !== null) checkLength("display_name", most.name, name);
}

/** The registry keeps addresses and asks none of them, so that private ones are as good as others. */
export function checkEndpointUrl(url: string): void {
  if (!url.trim()) {
    throw invalid(`MCP access endpoint url cannot be empty or just whitespace: ${pythonRepr(url)}`);
  }
  checkLength("url", most.url, url);
}

const transitions: Record<McpStatus, readonly McpStatus[]> = {
  draft: ["active", "deleted"],
  active: ["deprecated", "draft"],
  deprecated: ["active", "deleted"],
  deleted: [],
};

export function checkTransition(from: McpStatus, to: McpStatus): void {
  if (transitions[from].includes(to)) return;
  throw invalid(
    `Invalid status transition from '${from}' to '${to}'. Allowed transitions: [` +
      `${transitions[from].map(pythonRepr).join(", ")}]`,
  );
}

export function checkFirstStatus(status: McpStatus): void {
  if (status !== "draft" && status !== "active") {
    throw invalid("Initial MCP server registration status must be 'draft' or 'active'.");
  }
}

function checkCount(list: readonly unknown[], field: string, limit: number): void {
  if (list.length > limit) {
    throw invalid(`Invalid ${field}. It must contain at most ${limit} items.`);
  }
}

/** Refuses what is no image or lies elsewhere than on the public internet, by https. */
async function checkIcon(icon: McpIcon, resolve?: Resolve): Promise<void> {
  if (!icon.src.trim()) {
    throw invalid(`Icon URL cannot be empty or just whitespace: ${pythonRepr(icon.src)}`);
  }
  await publicAddresses(icon.src, { field: "Icon URL", resolve });
  if (icon.mimeType !== undefined && !/^image\/./.test(icon.mimeType.trim().toLowerCase())) {
    throw invalid(
      `Invalid icon mimeType ${pythonRepr(icon.mimeType)}. Allowed values must use the 'image/*' ` +
        "media type.",
    );
  }
}

/** Icons as they are kept: checked, and without what only answers say of them. */
export async function iconsToKeep(
  icons: readonly McpIcon[],
  field: string,
  resolve?: Resolve,
): Promise<McpIcon[]> {
  checkCount(icons, field, most.icons);
  const kept: McpIcon[] = [];
  for (const [i, { source, ...icon }] of icons.entries()) {
    await checkIcon(icon as McpIcon, resolve);
    if (source === "version") {
      throw invalid(
        `Invalid ${field}[${i}].source: 'version' is response-only and cannot be written. ` +
          "Writing it would persist a version-resolved icon as a server override. Omit source, or " +
          "send source='server' when echoing a server icon.",
      );
    }
    kept.push(
      icon.mimeType === undefined
        ? icon as McpIcon
        : { ...icon, mimeType: icon.mimeType.trim().toLowerCase() } as McpIcon,
    );
  }
  return kept;
}

/** Tools as they are kept. */
export async function toolsToKeep(
  tools: readonly McpTool[],
  resolve?: Resolve,
): Promise<McpTool[]> {
  checkCount(tools, "tools", most.tools);
  return await Promise.all(
    tools.map(async (tool, i) =>
      tool.icons
        ? { ...tool, icons: await iconsToKeep(tool.icons, `tools[${i}].icons`, resolve) }
        : tool
    ),
  );
}
