/** Assessments of traces: the message that clients send, and the row that is kept of it. @module */
import type * as assessments from "../db/assessments.ts";
import { invalid } from "../errors.ts";
import * as check from "./validation.ts";

/** An assessment's message, with the fields that are looked at here. */
export interface AssessmentMessage extends Record<string, unknown> {
  assessment_id?: string;
  assessment_name?: string;
  create_time?: string;
  overrides?: string;
  valid?: boolean;
  feedback?: { value?: unknown; error?: unknown };
  expectation?: {
    value?: unknown;
    serialized_value?: { serialization_format?: string; value?: string };
  };
  issue?: unknown;
  metadata?: Record<string, string>;
}

/** Lists and objects that are expected are kept as a JSON text, as MLflow keeps them. */
function keptExpectation(
  given: AssessmentMessage["expectation"],
): AssessmentMessage["expectation"] {
  const { value } = given ?? {};
  if (value === null || typeof value !== "object") return given;
  return {
    serialized_value: { serialization_format: "JSON_FORMAT", value: JSON.stringify(value) },
  };
}

/** The row of an assessment that is written at `now`. */
export function assessmentRow(
  traceId: string,
  given: AssessmentMessage,
  now: number,
): assessments.AssessmentRow {
  const kind = given.feedback ? "feedback" : given.expectation ? "expectation" : "issue";
  if (kind === "issue" && !given.issue) {
    throw invalid("Assessment must have one of feedback, expectation and issue");
  }
  if (!given.assessment_name) {
    throw invalid(check.missingValue("assessment.assessment_name"));
  }
  const expectation = keptExpectation(given.expectation);
  const value = given.feedback
    ? given.feedback.value
    : expectation?.serialized_value
    ? undefined
    : expectation?.value;
  const serialized = expectation?.serialized_value?.value;
  const id = given.assessment_id || `a-${crypto.randomUUID().replaceAll("-", "")}`;
  const at = new Date(now).toISOString();
  return {
    assessmentId: id,
    traceId,
    kind,
    name: given.assessment_name,
    value: serialized ?? (value === undefined ? null : JSON.stringify(value)),
    overrides: given.overrides || null,
    isValid: given.valid !== false,
    content: {
      create_time: at,
      last_update_time: at,
      ...given,
      ...expectation ? { expectation } : {},
      assessment_id: id,
      trace_id: traceId,
    },
    createdTime: Date.parse(given.create_time ?? "") || now,
  };
}
