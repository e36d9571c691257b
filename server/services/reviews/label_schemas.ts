/** The questions that reviewers of an experiment's traces are asked (MLflow 3). @module */
import type { Database, Sql } from "../../db/database.ts";
import * as store from "../../db/label_schemas.ts";
import { alreadyExists, invalid, notFound } from "../../errors.ts";
import type { Clock } from "../clock.ts";
import type { Page, TrackingService } from "../tracking.ts";
import { activeExperiment, lengthOf, newId, pageSize, type Reviewer } from "./_limits.ts";
import { checkedInput, checkSameKind, type LabelInput } from "./label_inputs.ts";

/** As MLflow's message has it. */
export interface LabelSchema {
  schema_id: string;
  experiment_id: string;
  name: string;
  type: typeof store.labelTypes[number];
  instruction?: string;
  enable_comment: boolean;
  input: LabelInput;
  created_by?: string;
  created_at: number;
  last_updated_at: number;
  is_default: boolean;
}

export interface LabelSchemaChange {
  name?: string;
  instruction?: string;
  enableComment?: boolean;
  input?: LabelInput;
}

export interface LabelSchemaService {
  create(
    schema: LabelSchemaChange & { experimentId: string; name: string; type?: LabelSchema["type"] },
    reviewer: Reviewer,
  ): Promise<LabelSchema>;
  get(schemaId: string): Promise<LabelSchema>;
  getByName(experimentId: string, name: string): Promise<LabelSchema>;
  /** Newest first. Every experiment has one of its own, which is made when they are first listed. */
  list(experimentId: string, maxResults?: number, pageToken?: string): Promise<Page<LabelSchema>>;
  update(schemaId: string, change: LabelSchemaChange): Promise<LabelSchema>;
  /** Does nothing where it is not there. */
  remove(schemaId: string): Promise<void>;
}

const most = { name: 250, instruction: 1000 };
const defaultResults = 100;
const byDefault = { name: "Feedback", instruction: "Share any feedback on this trace." };

const toSchema = (row: store.LabelSchemaRow): LabelSchema => ({
  schema_id: row.schema_id,
  experiment_id: String(row.experiment_id),
  name: row.name,
  type: row.type,
  instruction: row.instruction ?? undefined,
  enable_comment: row.enable_comment,
  input: JSON.parse(row.input),
  created_by: row.created_by ?? undefined,
  created_at: row.created_at,
  last_updated_at: row.last_updated_at,
  is_default: row.is_default,
});

function checkName(name: string | undefined): void {
  if (name === undefined) return;
  if (name === "") throw invalid("Label schema `name` must be a non-empty string; got ''.");
  if (lengthOf(name) > most.name) {
    throw invalid(
      `Label schema \`name\` must be at most ${most.name} characters; got ${lengthOf(name)}.`,
    );
  }
  if (name.trim().toLowerCase() === byDefault.name.toLowerCase()) {
    throw invalid(
      `\`${name}\` is reserved for the experiment's default question and cannot be used for ` +
        "another label schema.",
    );
  }
}

function checkInstruction(instruction: string | undefined): void {
  if (instruction !== undefined && lengthOf(instruction) > most.instruction) {
    throw invalid(
      `Label schema \`instruction\` must be at most ${most.instruction} characters; ` +
        `got ${lengthOf(instruction)}.`,
    );
  }
}

export function createLabelSchemaService(
  { db, clock, tracking }: { db: Database; clock: Clock; tracking: TrackingService },
): LabelSchemaService {
  const missing = (schemaId: string) => notFound(`Label schema with id '${schemaId}' not found.`);
  const taken = (name: string, experimentId: number | string) =>
    alreadyExists(
      `Label schema with name '${name}' already exists for experiment '${experimentId}'.`,
    );

  async function find(sql: Sql, schemaId: string, lock = false): Promise<store.LabelSchemaRow> {
    const row = await store.findLabelSchema(sql, schemaId, lock);
    if (!row) throw missing(schemaId);
    return row;
  }

  const newRow = (experimentId: number, now: number): store.LabelSchemaRow => ({
    schema_id: newId("ls"),
    experiment_id: experimentId,
    name: byDefault.name,
    type: "FEEDBACK",
    instruction: byDefault.instruction,
    enable_comment: false,
    input: JSON.stringify({ text: {} }),
    created_by: null,
    created_at: now,
    last_updated_at: now,
    is_default: true,
  });

  return {
    async create(given, reviewer) {
      const { name, type, instruction, enableComment = false } = given;
      if (!type) {
        throw invalid(
          "Label schema `type` must be one of FEEDBACK or EXPECTATION; got proto enum value 0.",
        );
      }
      const input = checkedInput(given.input);
      checkName(name);
      checkInstruction(instruction);
      const experimentId = await activeExperiment(tracking, given.experimentId);
      const row: store.LabelSchemaRow = {
        ...newRow(experimentId, clock.now()),
        name,
        type,
        instruction: instruction ?? null,
        enable_comment: enableComment,
        input: JSON.stringify(input),
        created_by: reviewer,
        is_default: false,
      };
      if (!await store.insertLabelSchema(db, row)) throw taken(name, experimentId);
      return toSchema(row);
    },

    get: async (schemaId) => toSchema(await find(db, schemaId)),

    async getByName(experimentId, name) {
      const id = await activeExperiment(tracking, experimentId);
      const row = await store.findLabelSchemaByName(db, id, name);
      if (!row) {
        throw notFound(`Label schema with name '${name}' not found for experiment '${id}'.`);
      }
      return toSchema(row);
    },

    async list(experimentId, maxResults, pageToken) {
      const limit = pageSize(maxResults, defaultResults);
      const id = await activeExperiment(tracking, experimentId);
      if (!await store.hasDefaultLabelSchema(db, id)) {
        await store.insertLabelSchema(db, newRow(id, clock.now()));
      }
      const page = await store.listLabelSchemas(db, id, limit, pageToken || undefined);
      return { ...page, items: page.items.map(toSchema) };
    },

    async update(schemaId, change) {
      return await db.transaction(async (tx) => {
        const row = await find(tx, schemaId, true);
        if (row.is_default) {
          throw invalid("The experiment's default question cannot be edited.");
        }
        checkName(change.name);
        checkInstruction(change.instruction);
        const input = change.input && checkedInput(change.input);
        if (input) checkSameKind(JSON.parse(row.input), input);
        const { name = row.name } = change;
        if (name !== row.name) {
          const other = await store.findLabelSchemaByName(tx, row.experiment_id, name);
          if (other) throw taken(name, row.experiment_id);
        }
        const next = {
          ...row,
          name,
          instruction: change.instruction ?? row.instruction,
          enable_comment: change.enableComment ?? row.enable_comment,
          input: input ? JSON.stringify(input) : row.input,
          last_updated_at: clock.now(),
        };
        await store.updateLabelSchema(tx, next);
        return toSchema(next);
      });
    },

    async remove(schemaId) {
      const row = await store.findLabelSchema(db, schemaId);
      if (row?.is_default) {
        throw invalid("The experiment's default question cannot be deleted.");
      }
      await store.deleteLabelSchema(db, schemaId);
    },
  };
}
