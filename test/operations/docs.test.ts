import { readFileSync } from "node:fs";
import { join } from "node:path";
import { generatedPages } from "../../operations/commands/docs";

const pages = [...generatedPages()];

test.each(pages)("%s is what `make docs` writes", (path, text) => {
  expect(readFileSync(join(__dirname, "../..", path), "utf8")).toBe(text);
});

test("there is a page for each stack, with the reach of its services", () => {
  expect(pages.map(([path]) => path)).toEqual(
    expect.arrayContaining(["docs/reach/dev.md", "docs/reach/prod.md", "docs/reach/dndnordic.md"]),
  );
  const [, prod = ""] = pages.find(([path]) => path.endsWith("prod.md")) ?? [];
  expect(prod).toMatch(/^\| tag:ci \| tag:docker \| tcp\/22 \| acls\[\d+\] \|$/m);
});
