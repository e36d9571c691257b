import assert from "node:assert/strict";
import { mlflowApi, refused } from "../../../tests/support/mlflow_requests.ts";
import { testServer } from "../../../tests/support/server.ts";

testServer("experiments are refused in MLflow's words", async (server) => {
  await refused(
    server,
    "POST",
    "/experiments/create",
    { name: 123 },
    400,
    "INVALID_PARAMETER_VALUE",
    /^Invalid value 123 for parameter 'name' supplied: {2}Hint: Value was of type 'int'\./,
  );
  await refused(
    server,
    "POST",
    "/experiments/create",
    {},
    400,
    "INVALID_PARAMETER_VALUE",
    /^Missing value for required parameter 'name'\./,
  );
  await refused(
    server,
    "GET",
    "/experiments/get?experiment_id=99999999",
    undefined,
    404,
    "RESOURCE_DOES_NOT_EXIST",
    /^No Experiment with id=99999999 exists$/,
  );
  await refused(
    server,
    "GET",
    "/experiments/get?experiment_id=x",
    undefined,
    400,
    "INVALID_PARAMETER_VALUE",
    /Experiment ID must be a valid integer/,
  );
  await refused(
    server,
    "GET",
    "/experiments/get-by-name?experiment_name=nobody",
    undefined,
    404,
    "RESOURCE_DOES_NOT_EXIST",
    /^Could not find experiment with name 'nobody'$/,
  );
  await refused(
    server,
    "POST",
    "/experiments/unheard-of",
    {},
    404,
    "ENDPOINT_NOT_FOUND",
    /No endpoint/,
  );
  const answer = await server.request(
    "POST",
    `${mlflowApi}/experiments/create`,
    '{"name":"x","artifact_location":9.0}',
    {
      "content-type": "application/json",
    },
  );
  assert.match(answer.json<any>().message, /^Invalid value 9\.0 for parameter 'artifact_location'/);
  assert.equal((await server.request("GET", "/health")).text, "OK");
  assert.match((await server.request("GET", "/version")).text, /^3\.\d+\.\d+$/);
  const info = await server.request("GET", "/api/3.0/mlflow/server-info");
  assert.equal(info.json<any>().workspaces_enabled, false);
});
