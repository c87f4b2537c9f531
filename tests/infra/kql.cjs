// Reads {tables: {name: columns}, queries: {name: text}} and prints {name: [problem, …]}, with Microsoft's own analyser of KQL.
const { readFileSync } = require("node:fs");
const { runInThisContext } = require("node:vm");

// The library is two scripts for a page: the second one expects what the first one leaves in the global scope.
for (const script of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  const path = require.resolve(`@kusto/language-service-next/${script}`);
  runInThisContext(readFileSync(path, "utf8"), { filename: path });
}

const { tables, queries } = JSON.parse(readFileSync(0, "utf8"));
const { GlobalState, KustoCode, Symbols } = Kusto.Language;
const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
const workspace = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("workspace", symbols));
const problems = {};
for (const [name, text] of Object.entries(queries)) {
  const diagnostics = KustoCode.ParseAndAnalyze(text, workspace).GetDiagnostics();
  problems[name] = Array.from({ length: diagnostics.Count }, (_, index) => diagnostics.getItem(index).Message);
}
console.log(JSON.stringify(problems));
