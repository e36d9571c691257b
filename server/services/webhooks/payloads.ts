/** What webhooks are told of the registry, in MLflow's words. @module */
import type { KeyValue } from "../../../lib/contracts/mlflow/mod.ts";
import type { WebhookEvent } from "../../db/webhooks.ts";
import type { ServerEvent } from "../events.ts";
import type { RegistryService } from "../registry.ts";

type Payload = Record<string, unknown>;

const tag = { key: "example_key", value: "example_value" };
const tags = { [tag.key]: tag.value };
const model = { name: "example_model" };
const prompt = { name: "example_prompt" };
const version = "1";
const alias = "example_alias";

/** What a webhook is sent when it is tested, by `ENTITY.ACTION`. */
export const examples: Record<string, Payload> = {
  "REGISTERED_MODEL.CREATED": { ...model, tags, description: "An example registered model" },
  "MODEL_VERSION.CREATED": {
    ...model,
    version,
    source: "models:/123",
    run_id: "abcd1234abcd5678",
    tags,
    description: "An example model version",
  },
  "MODEL_VERSION_TAG.SET": { ...model, version, ...tag },
  "MODEL_VERSION_TAG.DELETED": { ...model, version, key: tag.key },
  "MODEL_VERSION_ALIAS.CREATED": { ...model, alias, version },
  "MODEL_VERSION_ALIAS.DELETED": { ...model, alias },
  "PROMPT.CREATED": { ...prompt, tags, description: "An example prompt" },
  "PROMPT_VERSION.CREATED": {
    ...prompt,
    version,
    template: "Hello {{name}}!",
    tags,
    description: "An example prompt version",
  },
  "PROMPT_TAG.SET": { ...prompt, ...tag },
  "PROMPT_TAG.DELETED": { ...prompt, key: tag.key },
  "PROMPT_VERSION_TAG.SET": { ...prompt, version, ...tag },
  "PROMPT_VERSION_TAG.DELETED": { ...prompt, version, key: tag.key },
  "PROMPT_ALIAS.CREATED": { ...prompt, alias, version },
  "PROMPT_ALIAS.DELETED": { ...prompt, alias },
};

/** Something that happened to a model or, under another name, to a prompt. */
export interface Happening {
  name: string;
  /** Absent where MLflow tells of prompts only. */
  ofModel?: WebhookEvent;
  ofPrompt: WebhookEvent;
  payload(isPrompt: boolean): Promise<Payload>;
}

const promptTags = {
  is: "mlflow.prompt.is_prompt",
  type: "_mlflow_prompt_type",
  text: "mlflow.prompt.text",
};

export const isPrompt = (list: readonly KeyValue[]) =>
  list.some(({ key, value }) => key === promptTags.is && value.toLowerCase() === "true");

/** Tags as an object; those that make a prompt one are no tags of its author. */
function tagsOf(list: readonly KeyValue[], ofPrompt: boolean): Record<string, string> {
  const own = Object.values(promptTags);
  return Object.fromEntries(
    list.filter((t) => !ofPrompt || !own.includes(t.key)).map((t) => [t.key, t.value]),
  );
}

const happened = (entity: string, action: string): WebhookEvent => ({ entity, action });

/** The happening that an event of the registry is to webhooks; null for others. */
export function happeningOf(event: ServerEvent, registry: RegistryService): Happening | null {
  const data = event.data ?? {};
  const cut = event.id.lastIndexOf("/");
  const at = { name: event.id.slice(0, cut), version: event.id.slice(cut + 1) };
  const given = (payload: Payload) => () => Promise.resolve(payload);
  const action = data.tagSet ? "SET" : "DELETED";
  const changed = data.tagSet ?? (data.tagDeleted ? { key: data.tagDeleted } : undefined);
  switch (event.kind) {
    case "model.created":
      return {
        name: event.id,
        ofModel: happened("REGISTERED_MODEL", "CREATED"),
        ofPrompt: happened("PROMPT", "CREATED"),
        async payload(ofPrompt) {
          const { name, tags, description } = await registry.getModel(event.id);
          return { name, tags: tagsOf(tags, ofPrompt), description: description ?? "" };
        },
      };
    case "model.updated":
      if (!changed) return null;
      return {
        name: event.id,
        ofPrompt: happened("PROMPT_TAG", action),
        payload: given({ name: event.id, ...changed }),
      };
    case "version.created":
      return {
        name: at.name,
        ofModel: happened("MODEL_VERSION", "CREATED"),
        ofPrompt: happened("PROMPT_VERSION", "CREATED"),
        async payload(ofPrompt) {
          const v = await registry.getVersion(at.name, at.version);
          const template = v.tags.find(({ key }) => key === promptTags.text)?.value ?? null;
          return {
            ...at,
            ...ofPrompt ? { template } : { source: v.source, run_id: v.run_id || null },
            tags: tagsOf(v.tags, ofPrompt),
            description: v.description || null,
          };
        },
      };
    case "version.updated":
      if (!changed) return null;
      return {
        name: at.name,
        ofModel: happened("MODEL_VERSION_TAG", action),
        ofPrompt: happened("PROMPT_VERSION_TAG", action),
        payload: given({ ...at, ...changed }),
      };
    case "alias.set":
      return {
        name: event.id,
        ofModel: happened("MODEL_VERSION_ALIAS", "CREATED"),
        ofPrompt: happened("PROMPT_ALIAS", "CREATED"),
        payload: given({ name: event.id, alias: data.alias, version: data.version }),
      };
    case "alias.deleted":
      return {
        name: event.id,
        ofModel: happened("MODEL_VERSION_ALIAS", "DELETED"),
        ofPrompt: happened("PROMPT_ALIAS", "DELETED"),
        payload: given({ name: event.id, alias: data.alias }),
      };
    default:
      return null;
  }
}
