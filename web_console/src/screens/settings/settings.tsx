import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import * as ask from "../../queries";
import { useTitle } from "../../shell/shell";
import { TAB } from "../../ui/tab";

import { Appearance } from "./appearance";
import { Audit } from "./audit";
import { Gateways } from "./gateways";
import { Tokens } from "./tokens";

const TABS = ["appearance", "tokens", "gateways", "audit"] as const;
const NEEDED: Record<(typeof TABS)[number], string | null> = {
  appearance: null,
  tokens: "access:read",
  gateways: "access:write",
  audit: "operations:read",
};

export function Settings() {
  useTitle("Settings", "Settings");
  const search = useSearch({ from: "/inside/settings" });
  const { data: me } = useQuery(ask.me);
  const scopes = (me?.scopes ?? []) as string[];
  const allowed = TABS.filter(
    (one) =>
      NEEDED[one] === null || (scopes.includes(NEEDED[one]) && (one !== "gateways" || me?.role === "platform-admin")),
  );
  const tab = allowed.find((one) => one === search.tab) ?? "appearance";
  return (
    <>
      <nav aria-label="Settings" className="flex shrink-0 gap-5 border-line border-b px-6 max-sm:px-4">
        {allowed.map((one) => (
          <Link
            activeOptions={TAB}
            key={one}
            to="/settings"
            search={{ tab: one }}
            className="tab"
            data-on={one === tab ? "page" : undefined}
          >
            {{ appearance: "You and appearance", tokens: "Tokens", gateways: "Gateways", audit: "Audit log" }[one]}
          </Link>
        ))}
      </nav>
      {tab === "appearance" && <Appearance />}
      {tab === "tokens" && <Tokens mayWrite={scopes.includes("access:write")} />}
      {tab === "gateways" && <Gateways />}
      {tab === "audit" && <Audit />}
    </>
  );
}
