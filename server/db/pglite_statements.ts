/**
 * Prepared statements for PGlite, whose own `query` parses and plans its text every time: for short
 * statements that is most of the work.
 * @module
 */
import { parse, type PGlite, protocol } from "@electric-sql/pglite";

type Messages = Parameters<typeof parse.parseResults>[0];
type Message = Messages[number];

interface Column {
  name: string;
  parse(text: string): unknown;
}

interface Statement {
  name: string;
  paramTypes: number[];
  /** Of its rows; empty when it gives none. */
  columns: Column[];
}

type RowDescription = Message & { fields: { name: string; dataTypeID: number }[] };
type DataRow = Message & { fields: (string | null)[] };
type Parsers = Record<number, (text: string, oid: number) => unknown>;

export type RowMode = "object" | "array";

const asText = (text: string) => text;

/** The rows among `messages`. PGlite's own reader copies its table of types for every statement. */
function rowsOf(messages: Messages, columns: Column[], rowMode: RowMode): unknown[] {
  const rows: unknown[] = [];
  for (const message of messages) {
    if (message.name !== "dataRow") continue;
    const { fields } = message as DataRow;
    const values = fields.map((text, i) => text === null ? null : columns[i].parse(text));
    if (rowMode === "array") rows.push(values);
    else {
      const row: Record<string, unknown> = {};
      for (let i = 0; i < values.length; i++) row[columns[i].name] = values[i];
      rows.push(row);
    }
  }
  return rows;
}

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

/** The statements of one database. A text is prepared when it is run for the second time. */
export class PgliteStatements {
  #lite: PGlite;
  #parsers: Parsers;
  #seen = new Set<string>();
  #known = new Map<string, Statement>();
  #count = 0;

  /** `parsers` go before PGlite's own. */
  constructor(lite: PGlite, parsers: Parsers) {
    this.#lite = lite;
    this.#parsers = { ...lite.parsers, ...parsers };
  }

  /** Rows of the text; the caller holds the connection, by a transaction or for this one query. */
  async run<Row>(text: string, params: unknown[], rowMode: RowMode): Promise<Row[]> {
    return await this.#lite._runExclusiveQuery(async () => {
      const statement = this.#known.get(text) ?? await this.#prepare(text);
      this.#known.delete(text);
      this.#known.set(text, statement);
      const { serializers } = this.#lite;
      const values = params.map((value, i) => {
        if (value === null || value === undefined) return null;
        const serialize = serializers[statement.paramTypes[i]];
        return serialize ? serialize(value) : String(value);
      });
      const { serialize } = protocol;
      const messages = await this.#exec([
        serialize.bind({ statement: statement.name, values }),
        serialize.execute({}),
        serialize.sync(),
      ]);
      return rowsOf(messages, statement.columns, rowMode) as Row[];
    });
  }

  /** Whether the text was run before, and so is worth preparing. */
  isRepeated(text: string): boolean {
    if (this.#known.has(text) || this.#seen.has(text)) return true;
    if (this.#seen.size > 1000) this.#seen.clear();
    this.#seen.add(text);
    return false;
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
