/** Asking for a promotion: what is asked, then what each rule answered. @module */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ModelPage } from "../models/model_page.ts";
import { Note } from "./parts.tsx";
import { Rules } from "./Rules.tsx";

const said = {
  applied: ["good", "It is the champion now and answers requests."],
  pending: ["warn", "It waits: a required rule is not met yet."],
  rejected: ["bad", "It was rejected."],
} as const;

export function PromoteDialog(
  { page, version, onClose }: { page: ModelPage; version: string; onClose: () => void },
) {
  const dialog = useRef<HTMLDialogElement>(null);
  const comment = useSignal("");
  const outcome = page.outcome.value;
  const champion = page.champion.value;
  useEffect(() => {
    page.clearOutcome();
    dialog.current!.showModal();
  }, []);
  const [tone, text] = outcome ? said[outcome.status] : ["", ""] as const;
  return (
    <dialog
      class="dialog"
      ref={dialog}
      onClose={onClose}
      aria-label="Promote"
      data-testid="promote-dialog"
    >
      <div class="dialog-body">
        <h2>Promote version {version}</h2>
        {!outcome && (
          <>
            <p class="muted">
              It becomes the champion of <strong>{page.name}</strong> and answers its requests
              {champion ? `, in place of version ${champion}.` : "."}
            </p>
            <label class="field">
              <span>Why (optional)</span>
              <textarea
                class="textarea"
                value={comment.value}
                data-testid="promote-comment"
                onInput={(event) => comment.value = event.currentTarget.value}
              />
            </label>
          </>
        )}
        {page.actionError.value && (
          <Note tone="bad" id="promote-error">{page.actionError.value}</Note>
        )}
        {outcome && (
          <>
            <Note tone={tone} id="promote-outcome">
              <strong>{outcome.status[0].toUpperCase() + outcome.status.slice(1)}.</strong> {text}
            </Note>
            <Rules rules={outcome.rules} />
          </>
        )}
        <div class="dialog-foot">
          <button
            type="button"
            class="button"
            data-testid="promote-close"
            onClick={() => dialog.current!.close()}
          >
            {outcome ? "Close" : "Cancel"}
          </button>
          {!outcome && (
            <button
              type="button"
              class="button primary"
              disabled={page.busy.value !== null}
              data-testid="promote-confirm"
              onClick={() => page.promote(version, "champion", comment.value)}
            >
              {page.busy.value ? "Checking the rules\u2026" : "Promote to champion"}
            </button>
          )}
        </div>
      </div>
    </dialog>
  );
}
