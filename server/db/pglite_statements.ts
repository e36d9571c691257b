/**
 * Prepared statements for PGlite, whose own `query` parses and plans its text every time: for short
 * statements that is most of the work.
 * @module
 */
import { parse, type PGlite, protocol } from "@electric-sql/pglite";
import { type Column, PgliteAnswer, type RowMode } from "./pglite_answer.ts";

type Messages = Parameters<typeof parse.parseResults>[0];
type Message = Messages[number];

interface Statement {
  name: string;
  paramTypes: number[];
  /** Of its rows; empty when it gives none. */
  columns: Column[];
}

type RowDescription = Message & { fields: { name: string; dataTypeID: number }[] };
type Parsers = Record<number, (text: string, oid: number) => unknown>;

const asText = (text: string) => text;

/** Whether a statement is planned for its values, or may keep a plan. */
const planModes = {
  forValues: "set plan_cache_mode = force_custom_plan",
  kept: "set plan_cache_mode = auto",
};

/** Statements kept at most; the one that was used longest ago is forgotten first. */
const mostStatements = 200;

function concat(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** Messages that run a prepared statement. */
function call(statement: string, values: (string | null)[] = []): Uint8Array[] {
  const { serialize } = protocol;
  return [serialize.bind({ statement, values }), serialize.execute({})];
}

/** The statements of one database. A text is prepared when it is run for the second time. */
export class PgliteStatements {
  #lite: PGlite;
  #parsers: Parsers;
  #seen = new Set<string>();
  #known = new Map<string, Statement>();
  #count = 0;
  readonly #answer = new PgliteAnswer();

  /** `parsers` go before PGlite's own. */
  constructor(lite: PGlite, parsers: Parsers) {
    this.#lite = lite;
    this.#parsers = { ...lite.parsers, ...parsers };
  }

  /**
   * Rows of the text; the caller holds the connection, by a transaction or for this one query. With
   * `replan` it is planned for these values.
   */
  async run<Row>(
    text: string,
    params: unknown[],
    rowMode: RowMode,
    replan = false,
  ): Promise<Row[]> {
    return await this.#lite._runExclusiveQuery(async () => {
      const statement = await this.#statement(text);
      const { serializers } = this.#lite;
      const values = params.map((value, i) => {
        if (value === null || value === undefined) return null;
        const serialize = serializers[statement.paramTypes[i]];
        return serialize ? serialize(value) : String(value);
      });
      const execute = call(statement.name, values);
      // Both settings are undone with the rest if the statement fails.
      const parts = replan
        ? [
          ...call((await this.#statement(planModes.forValues)).name),
          ...execute,
          ...call((await this.#statement(planModes.kept)).name),
        ]
        : execute;
      // Notifications don't come this way: they are sent by PGlite's own `query`.
      this.#answer.clear();
      await this.#lite.execProtocolRawStream(concat([...parts, protocol.serialize.sync()]), {
        syncToFs: false,
        onRawData: (part) => this.#answer.append(part),
      });
      return this.#answer.rows(statement.columns, rowMode) as Row[];
    });
  }

  /** Whether the text was run before, and so is worth preparing. */
  isRepeated(text: string): boolean {
    if (this.#known.has(text) || this.#seen.has(text)) return true;
    if (this.#seen.size > 1000) this.#seen.clear();
    this.#seen.add(text);
    return false;
  }

  async #statement(text: string): Promise<Statement> {
    const statement = this.#known.get(text) ?? await this.#prepare(text);
    this.#known.delete(text);
    this.#known.set(text, statement);
    return statement;
  }

  async #prepare(text: string): Promise<Statement> {
    const { serialize } = protocol;
    if (this.#known.size >= mostStatements) {
      const [oldest, { name }] = this.#known.entries().next().value!;
      this.#known.delete(oldest);
      await this.#exec([serialize.close({ type: "S", name }), serialize.sync()]);
    }
    const name = `tapebook_${++this.#count}`;
    const messages = await this.#exec([
      serialize.parse({ name, text }),
      serialize.describe({ type: "S", name }),
      serialize.sync(),
    ]);
    const description = messages.find((m) => m.name === "rowDescription") as
      | RowDescription
      | undefined;
    const columns = (description?.fields ?? []).map(({ name, dataTypeID }) => {
      const parser = this.#parsers[dataTypeID];
      return { name, parse: parser ? (text: string) => parser(text, dataTypeID) : asText };
    });
    return { name, paramTypes: parse.parseDescribeStatementResults(messages), columns };
  }

  async #exec(parts: Uint8Array[]): Promise<Messages> {
    return await this.#lite.execProtocolStream(concat(parts), { syncToFs: false });
  }
}
