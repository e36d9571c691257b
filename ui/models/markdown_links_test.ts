import assert from "node:assert/strict";
import { withWholeAddresses } from "./markdown_links.ts";

const whole = (text: string, path = "report/report.md") =>
  withWholeAddresses(text, path, (p) => `/files/${p}`);

Deno.test("pictures beside the text get whole addresses", () => {
  assert.equal(whole("![a](equity.svg)"), "![a](/files/report/equity.svg)");
  assert.equal(whole("![a](./plots/a%20b.svg)"), "![a](/files/report/plots/a b.svg)");
  assert.equal(whole("![a](../trials.svg)"), "![a](/files/trials.svg)");
  assert.equal(whole("![a](equity.svg)", "report.md"), "![a](/files/equity.svg)");
});

Deno.test("whole addresses, links, and paths above the root stay as they are", () => {
  for (
    const text of [
      "![a](https://example.org/a.svg)",
      "![a](data:image/png;base64,AA)",
      "![a](/favicon.svg)",
      "[a](equity.svg)",
      "![a](../../../etc/passwd)",
    ]
  ) assert.equal(whole(text), text);
});
