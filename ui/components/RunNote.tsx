/** Notes on a run in Markdown, kept in the tag that MLflow uses for them. @module */
import { useSignal } from "@preact/signals";
import { tracking } from "../api.ts";
import { Icon } from "./Icon.tsx";
import { Markdown } from "./Markdown.tsx";
import { Card } from "./parts.tsx";
import { toast } from "./Toasts.tsx";

const noteTag = "mlflow.note.content";

export function RunNote(
  { runId, tags, onSaved }: { runId: string; tags: Record<string, string>; onSaved: () => void },
) {
  const text = tags[noteTag] ?? "";
  const draft = useSignal<string | null>(null);
  const isSaving = useSignal(false);
  const save = async () => {
    isSaving.value = true;
    try {
      await tracking.setTag(runId, noteTag, draft.value ?? "");
      draft.value = null;
      onSaved();
    } catch (error) {
      toast((error as Error).message, { isError: true });
    } finally {
      isSaving.value = false;
    }
  };
  return (
    <Card
      title="Notes"
      tools={draft.value === null && (
        <button
          type="button"
          class="button quiet small"
          data-testid="note-edit"
          onClick={() => draft.value = text}
        >
          <Icon name="pencil" size={14} /> {text ? "Edit" : "Write"}
        </button>
      )}
    >
      {draft.value !== null
        ? (
          <div class="stack">
            <textarea
              class="textarea"
              rows={6}
              aria-label="Notes in Markdown"
              data-testid="note-text"
              value={draft.value}
              onInput={(event) => draft.value = event.currentTarget.value}
            />
            <div class="dialog-foot">
              <button type="button" class="button small" onClick={() => draft.value = null}>
                Cancel
              </button>
              <button
                type="button"
                class="button small primary"
                disabled={isSaving.value}
                data-testid="note-save"
                onClick={save}
              >
                Save
              </button>
            </div>
          </div>
        )
        : text
        ? <Markdown text={text} />
        : <p class="faint">What this run was for and what it showed, in Markdown.</p>}
    </Card>
  );
}
