/** The server behind the page of a model. @module */
import { body, tracking, v1 } from "../api.ts";
import type { ModelApi } from "./model_page.ts";

export const serverModelApi: ModelApi = {
  model: tracking.model,
  versions: tracking.modelVersions,
  run: tracking.run,
  async promotions(model) {
    return (await body(v1.promotions.$get({ query: { model } }))).promotions;
  },
  async aliasHistory(name) {
    return (await body(v1.models[":name"]["alias-history"].$get({ param: { name } }))).changes;
  },
  policy: (name) => body(v1.models[":name"].policy.$get({ param: { name } })),
  setPolicy: (name, rules) =>
    body(v1.models[":name"].policy.$put({ param: { name }, json: { rules } })),
  async lineage(name, version) {
    const route = v1.models[":name"].versions[":version"].lineage;
    return (await body(route.$get({ param: { name, version } }))).lineage;
  },
  async promote(model, version, alias, comment) {
    const json = { model, version, alias, comment: comment || undefined };
    return (await body(v1.promotions.$post({ json }))).promotion;
  },
  async review(id, decision, text) {
    const route = v1.promotions[":id"][decision];
    return (await body(route.$post({ param: { id }, json: { text } }))).promotion;
  },
  rollback: (name, alias) =>
    body(v1.models[":name"].rollback.$post({ param: { name }, json: { alias } })),
};
