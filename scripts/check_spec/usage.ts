// Compiled, never run: what a TypeScript user may and may not write with the types that openapi-typescript makes.
// `tsc` fails on a wrong line, and on an expected error that does not come.
import type { components, operations } from "./api";

type Schemas = components["schemas"];

export const shortest: Schemas["Ltx2ProRequest"] = { prompt: "a kite" };
export const full: Schemas["Ltx2ProRequest"] = { prompt: "a kite", duration: 8, resolution: "4k", generate_audio: false };
export const withoutPicture: Schemas["LtxVideoRequest"] = { prompt: "a kite", aspect_ratio: "16:9", image: null };
export const submitted: operations["submit_ltx_2_19b_i2v"]["requestBody"]["content"]["application/json"] = {
  prompt: "a kite",
  image: "https://example.com/kite.png",
};

// @ts-expect-error: the prompt is required
export const empty: Schemas["Ltx2ProRequest"] = {};
// @ts-expect-error: 7 lies between two allowed values
export const between: Schemas["Ltx2ProRequest"] = { prompt: "a kite", duration: 7 };
// @ts-expect-error: "4K" is not "4k"
export const shouted: Schemas["Ltx2FastRequest"] = { prompt: "a kite", resolution: "4K" };
// @ts-expect-error: null is documented for two models, and this is not one of them
export const nullPicture: Schemas["Ltx2ProRequest"] = { prompt: "a kite", image: null };
// @ts-expect-error: this model needs a picture
export const noPicture: Schemas["Ltx219BI2VRequest"] = { prompt: "a kite" };

export function video(answer: Schemas["JobStatus"] | Schemas["FailedJob"]): string {
  // @ts-expect-error: a block of content is no state of its own
  if (answer.status === "BLOCKED") return "";
  return answer.status === "FAILED" ? answer.error : answer.status;
}
