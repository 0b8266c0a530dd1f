import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, api, call } from "../api/client";
import { Mark } from "../shell/mark";

/** By a one-time link (its code stands behind the #, so no server logs it) or by a token that is not kept anywhere. */
export function Login() {
  const [token, setToken] = useState("");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const { next } = useSearch({ from: "/login" });
  const queries = useQueryClient();
  const navigate = useNavigate();
  const tried = useRef(false);

  const open = useCallback(
    async (body: { token?: string; code?: string }) => {
      setBusy(true);
      setFailure("");
      try {
        await call(api.POST("/api/v1/session", { body }));
        queries.clear();
        await navigate({ to: next ?? "/experiments", replace: true });
      } catch (error) {
        setFailure(error instanceof ApiError ? error.message : "The API does not answer.");
        setBusy(false);
      }
    },
    [navigate, next, queries],
  );

  useEffect(() => {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (!code || tried.current) return;
    tried.current = true;
    history.replaceState(null, "", location.pathname + location.search);
    void open({ code });
  }, [open]);

  return (
    <main className="flex min-h-full items-center justify-center bg-bg p-4">
      <form
        className="w-[min(400px,100%)] border border-line bg-surface p-6"
        onSubmit={(event) => {
          event.preventDefault();
          void open({ token: token.trim() });
        }}
      >
        <h1 className="m-0 flex items-center gap-2 font-semibold text-[18px]">
          <Mark /> Howdah
        </h1>
        <label className="mt-5 block" htmlFor="token">
          <span className="font-medium">Token</span>
          <input
            id="token"
            type="password"
            className="field mt-1"
            placeholder="hwd_…"
            autoComplete="off"
            aria-invalid={Boolean(failure)}
            aria-describedby="token-note"
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <p
          id="token-note"
          className={`mt-2 mb-4 text-[12px] leading-4 ${failure ? "text-failed" : "text-ink-2"}`}
          role={failure ? "alert" : undefined}
        >
          {failure ||
            "howdah up prints it, and a link that signs you in at once. The token itself is not kept in this browser."}
        </p>
        <button type="submit" className="btn ink w-full" disabled={busy || !token.trim()}>
          {busy ? "Signing in" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
