/** Requests for promotion with their rules, and what reviewers say to them. @module */
import { useSignal } from "@preact/signals";
import type { Promotion, Review } from "../../lib/contracts/governance/mod.ts";
import { formatAgo, formatTime } from "../models/format.ts";
import type { ModelPage } from "../models/model_page.ts";
import { Icon } from "./Icon.tsx";
import { Badge, type Tone } from "./parts.tsx";
import { Rules } from "./Rules.tsx";
import { Empty, Loaded } from "./State.tsx";
import { toast } from "./Toasts.tsx";

const statusTone: Record<Promotion["status"], Tone> = {
  applied: "good",
  pending: "warn",
  rejected: "bad",
};
const verbs: Record<Review["decision"], string> = {
  approve: "approved",
  reject: "rejected",
  comment: "commented",
};

function ReviewForm({ page, promotion }: { page: ModelPage; promotion: Promotion }) {
  const text = useSignal("");
  const decide = async (decision: Review["decision"]) => {
    if (await page.review(promotion.id, decision, text.value)) text.value = "";
    else if (page.actionError.value) toast(page.actionError.value, { isError: true });
  };
  const isBusy = page.busy.value !== null;
  return (
    <div class="stack">
      <textarea
        class="textarea"
        placeholder="A comment for the others"
        aria-label="Comment"
        data-testid="review-text"
        value={text.value}
        onInput={(event) => text.value = event.currentTarget.value}
      />
      <div class="card-tools">
        <button
          type="button"
          class="button small primary"
          disabled={isBusy}
          data-testid="review-approve"
          onClick={() => decide("approve")}
        >
          Approve
        </button>
        <button
          type="button"
          class="button small danger"
          disabled={isBusy}
          data-testid="review-reject"
          onClick={() => decide("reject")}
        >
          Reject
        </button>
        <button
          type="button"
          class="button small"
          disabled={isBusy || text.value.trim() === ""}
          data-testid="review-comment"
          onClick={() => decide("comment")}
        >
          Comment
        </button>
      </div>
    </div>
  );
}

function Reviews({ reviews }: { reviews: Review[] }) {
  const now = Date.now();
  return (
    <>
      {reviews.map((review, i) => (
        <p key={i} class="muted">
          <strong>{review.author}</strong> {verbs[review.decision]}{" "}
          <span class="faint" title={formatTime(review.at)}>{formatAgo(review.at, now)}</span>
          {review.text && <>: {review.text}</>}
        </p>
      ))}
    </>
  );
}

function PromotionItem({ page, promotion }: { page: ModelPage; promotion: Promotion }) {
  const isOpen = useSignal(promotion.status === "pending");
  const passed = promotion.rules.filter((rule) => rule.passed).length;
  const reviews = [...promotion.approvals, ...promotion.comments].sort((a, b) => a.at - b.at);
  return (
    <li data-testid={`promotion-${promotion.version}`}>
      <button
        type="button"
        class="file wrap"
        aria-expanded={isOpen.value}
        onClick={() => isOpen.value = !isOpen.value}
      >
        <Icon name={isOpen.value ? "down" : "chevron"} size={14} />
        <strong>Version {promotion.version} to {promotion.alias}</strong>
        <Badge tone={statusTone[promotion.status]}>{promotion.status}</Badge>
        <span class="muted truncate">
          {passed} of {promotion.rules.length} rules passed, asked by {promotion.createdBy}
        </span>
        <span class="size" title={formatTime(promotion.createdAt)}>
          {formatAgo(promotion.createdAt, Date.now())}
        </span>
      </button>
      {isOpen.value && (
        <div class="stack" style={{ padding: "0 var(--space-5) var(--space-2)" }}>
          <Rules rules={promotion.rules} />
          <Reviews reviews={reviews} />
          {promotion.status === "pending" && <ReviewForm page={page} promotion={promotion} />}
        </div>
      )}
    </li>
  );
}

export function PromotionList({ page }: { page: ModelPage }) {
  return (
    <Loaded resource={page.promotions} lines={3}>
      {(promotions) =>
        promotions.length === 0
          ? <Empty title="No promotion was asked for" compact />
          : (
            <ul class="timeline" data-testid="promotions">
              {promotions.map((p) => <PromotionItem key={p.id} page={page} promotion={p} />)}
            </ul>
          )}
    </Loaded>
  );
}
