import { afterEach, expect, test, vi } from "vitest";
import { ask, reconnects, signInNeeded } from "../src/connection";

const refusal = () => new Response('{"error": {"code": "login_needed", "message": "log in first"}}', { status: 401 });

afterEach(() => {
  vi.unstubAllGlobals();
  signInNeeded.value = false;
});

test("a refusal asks for a name", async () => {
  vi.stubGlobal("fetch", async () => refusal());
  await expect(ask("/tracks")).rejects.toMatchObject({ status: 401, message: "log in first" });
  expect(signInNeeded.value).toBe(true);
});

test("a refusal that comes after one has signed in asks for none", async () => {
  let answer: (response: Response) => void = () => {};
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
  const asked = ask("/tracks");
  reconnects.value++; // as the sign-in page does
  answer(refusal());
  await expect(asked).rejects.toMatchObject({ status: 401 });
  expect(signInNeeded.value).toBe(false);
});
