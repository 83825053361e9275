// PostGraphile over one county's schema: `node server.js PORT SCHEMA`; PostgreSQL's own variables name the login.
// Orders by columns without an index of their own are switched on, since the bench asks for the newest task of a case;
// the template is in another schema, so the relation, which no constraint declares, is named here.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

const [port, schema] = process.argv.slice(2);
const tags = { foreignKey: "(template_id) references shared.process_template (id)" };
const relations = jsonPgSmartTags({ version: 1, config: { class: { [`${schema}.case_record`]: { tags } } } });
const served = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [relations],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ schemas: [schema, "shared"], poolConfig: { max: 8 } })],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
});
const server = createServer();
await served.createServ(grafserv).addTo(server);
server.listen(Number(port), "127.0.0.1");
