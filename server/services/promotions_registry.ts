/**
 * The registry as everybody but the promotion service sees it: an alias that a policy governs cannot
 * be moved around the policy.
 * @module
 */
import { ApiError } from "../errors.ts";
import type { PromotionService } from "./promotions.ts";
import type { RegistryService } from "./registry.ts";

/** `registry`, whose aliases under a policy with required rules only a promotion moves. */
export function governRegistry(
  registry: RegistryService,
  promotions: Pick<PromotionService, "isGoverned">,
): RegistryService {
  async function refuseGoverned(name: string, alias: string): Promise<void> {
    if (!(await promotions.isGoverned(name, alias))) return;
    throw new ApiError(
      "PERMISSION_DENIED",
      `Cannot move alias ${alias} of model ${name}: its policy has required rules, so it must be ` +
        `moved by a promotion (POST /api/tapebook/v1/promotions)`,
    );
  }
  // A service may keep its methods on the object or on its prototype.
  const governed: RegistryService = Object.create(registry);
  governed.setAlias = async (name, alias, version) => {
    await refuseGoverned(name, alias);
    await registry.setAlias(name, alias, version);
  };
  governed.deleteAlias = async (name, alias) => {
    await refuseGoverned(name, alias);
    await registry.deleteAlias(name, alias);
  };
  return governed;
}
