import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { seedPglite } from "../../tests/support/server.ts";
import { PgliteFolder } from "./pglite_folder.ts";

Deno.test("PGlite waits for the disk on every commit of a folder, and not to read", async () => {
  const home = await Deno.makeTempDir({ prefix: "tapebook-folder-" });
  try {
    await seedPglite(home);
    const files = new PgliteFolder(`${home}/database`);
    const lite = await PGlite.create({
      fs: files,
      startParams: PgliteFolder.startParams(PGlite.defaultStartParams),
    });
    const syncsOf = async (statement: string) => {
      const before = files.syncs;
      await lite.exec(statement);
      return files.syncs - before;
    };
    assert.ok(await syncsOf("create table kept (number int)") > 0);
    for (let i = 0; i < 3; i++) {
      assert.equal(await syncsOf(`insert into kept values (${i})`), 1);
    }
    assert.equal(
      await syncsOf("begin; insert into kept values (3); insert into kept values (4); commit"),
      1,
    );
    assert.equal(await syncsOf("select sum(number) from kept"), 0);
    // A checkpoint waits for the tables' own files, directories among them.
    assert.ok(await syncsOf("checkpoint") > 2);
    await lite.close();

    const again = await PGlite.create({ fs: new PgliteFolder(`${home}/database`) });
    const { rows } = await again.query<{ sum: number }>("select sum(number)::int as sum from kept");
    assert.deepEqual(rows, [{ sum: 10 }]);
    await again.close();
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
