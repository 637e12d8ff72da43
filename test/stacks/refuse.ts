import { loadEstate } from "../../stacks/load";
import { SpecError } from "../../stacks/problems";

/** What loading ends with: the message of the SpecError, or "accepted". Any other error is thrown on: it is a defect. */
export function refusal(spec: unknown): string {
  try {
    loadEstate(spec);
  } catch (error) {
    if (error instanceof SpecError) return error.message;
    throw error;
  }
  return "accepted";
}
