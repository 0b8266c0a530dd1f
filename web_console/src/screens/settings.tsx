import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ApiError, api, call, type Role, type TokenMade, type TokenShown } from "../api/client";
import * as ask from "../queries";
import { SignOut, useTitle } from "../shell/shell";
import { Confirm, CopyButton, Facts, Failure, Id } from "../ui/parts";
import { type Theme, usePrefs } from "../ui/prefs";
import { TAB } from "../ui/tab";
import { Table } from "../ui/table";
import { At } from "../ui/time";
import { useToast } from "../ui/toast";

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

function Appearance() {
  const { data: me } = useQuery(ask.me);
  const prefs = usePrefs();
  const row = "grid grid-cols-[180px_1fr] items-center gap-4 border-line border-b py-4 max-sm:grid-cols-1 max-sm:gap-2";
  return (
    <div className="scroll flex-1 px-6 max-sm:px-4">
      <div className="max-w-[640px]">
        <div className={row}>
          <b className="font-semibold">Signed in</b>
          <div>
            <Facts
              facts={[
                ["As", me?.subject ?? ""],
                ["Role", me?.role ?? ""],
                ["Gateway", <Id key="g" id={me?.gateway_id ?? ""} />],
              ]}
            />
            <div className="mt-3">
              <SignOut />
            </div>
          </div>
        </div>
        <div className={row}>
          <b className="font-semibold">Theme</b>
          <Choice
            name="theme"
            value={prefs.theme}
            options={["system", "light", "dark"]}
            onChange={(theme) => prefs.set({ theme: theme as Theme })}
          />
        </div>
        <div className={row}>
          <b className="font-semibold">Times</b>
          <Choice
            name="zone"
            value={prefs.zone}
            options={["local", "UTC"]}
            onChange={(zone) => prefs.set({ zone: zone as "local" | "UTC" })}
          />
        </div>
        <div className={row}>
          <b className="font-semibold">Tables</b>
          <Choice
            name="density"
            value={prefs.dense ? "dense" : "comfortable"}
            options={["comfortable", "dense"]}
            onChange={(density) => prefs.set({ dense: density === "dense" })}
          />
        </div>
        <div className={row}>
          <b className="font-semibold">Single-key shortcuts</b>
          <Choice
            name="keys"
            value={prefs.singleKeys ? "on" : "off"}
            options={["on", "off"]}
            onChange={(keys) => prefs.set({ singleKeys: keys === "on" })}
          />
        </div>
      </div>
    </div>
  );
}

function Choice({
  name,
  value,
  options,
  onChange,
}: {
  name: string;
  value: string;
  options: readonly string[];
  onChange: (value: string) => void;
}) {
  return (
    <div className="flex gap-5" role="radiogroup" aria-label={name}>
      {options.map((option) => (
        <label key={option} className="flex items-center gap-2">
          <input
            type="radio"
            name={name}
            className="size-4 accent-ink"
            checked={value === option}
            onChange={() => onChange(option)}
          />{" "}
          {option}
        </label>
      ))}
    </div>
  );
}

const ROLES: readonly Role[] = ["viewer", "user", "gateway-admin"];

function Tokens({ mayWrite }: { mayWrite: boolean }) {
  const list = useInfiniteQuery({
    queryKey: ["tokens"],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/tokens", { params: { query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const [made, setMade] = useState<TokenMade | null>(null);
  const [revoking, setRevoking] = useState<TokenShown | null>(null);
  const [form, setForm] = useState({ name: "", subject: "", role: "user" as Role });
  const queries = useQueryClient();
  const say = useToast();
  const act = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
      await queries.invalidateQueries({ queryKey: ["tokens"] });
    } catch (error) {
      say(error instanceof ApiError ? error.message : "No answer", { tone: "failed" });
    }
  };
  return (
    <>
      {mayWrite && (
        <form
          className="flex flex-wrap items-end gap-3 border-line border-b px-6 py-3 max-sm:px-4"
          onSubmit={(event) => {
            event.preventDefault();
            void act(async () => setMade(await call(api.POST("/api/v1/tokens", { body: form }))));
          }}
        >
          <label className="w-[200px]">
            <span className="second">Name</span>
            <input
              className="field mt-1"
              required
              value={form.name}
              onChange={(event) => setForm({ ...form, name: event.target.value })}
            />
          </label>
          <label className="w-[200px]">
            <span className="second">Whose</span>
            <input
              className="field mt-1"
              required
              value={form.subject}
              placeholder="alice@example.org"
              onChange={(event) => setForm({ ...form, subject: event.target.value })}
            />
          </label>
          <label className="w-[150px]">
            <span className="second">Role</span>
            <select
              className="field mt-1"
              value={form.role}
              onChange={(event) => setForm({ ...form, role: event.target.value as Role })}
            >
              {ROLES.map((role) => (
                <option key={role}>{role}</option>
              ))}
            </select>
          </label>
          <button type="submit" className="btn ink !h-8">
            Make a token
          </button>
        </form>
      )}
      {made && (
        <p
          className="tinted m-0 flex flex-wrap items-center gap-3 border-line border-b px-6 py-3"
          style={{ "--state": "var(--completed)" } as React.CSSProperties}
        >
          Shown this once: <code className="mono break-all">{made.token}</code>{" "}
          <CopyButton text={made.token} label="Copy" />
          <button type="button" className="btn small" onClick={() => setMade(null)}>
            Done
          </button>
        </p>
      )}
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table<TokenShown>
        label="Tokens"
        rows={rows}
        rowKey={(row) => row.id}
        loading={list.isPending}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        columns={[
          {
            key: "name",
            header: "Name",
            track: "minmax(130px,1fr)",
            cell: (row) => <span className="name clip block">{row.name}</span>,
          },
          {
            key: "who",
            header: "Whose",
            track: "minmax(110px,1fr)",
            cell: (row) => <span className="clip block">{row.subject}</span>,
          },
          { key: "role", header: "Role", track: "minmax(110px,0.7fr)", from: 560, cell: (row) => row.role },
          {
            key: "scopes",
            header: "Scopes",
            track: "60px",
            align: "right",
            from: 760,
            cell: (row) => (
              <span className="num" title={row.scopes.join(", ")}>
                {row.scopes.length}
              </span>
            ),
          },
          { key: "made", header: "Made", track: "84px", from: 680, cell: (row) => <At at={row.created_at} /> },
          {
            key: "end",
            header: "Until",
            track: "96px",
            cell: (row) =>
              row.revoked_at ? (
                <span className="text-ink-3">revoked</span>
              ) : row.expires_at ? (
                <At at={row.expires_at} />
              ) : (
                "for ever"
              ),
          },
          {
            key: "act",
            header: "",
            track: "80px",
            align: "right",
            cell: (row) =>
              mayWrite &&
              !row.revoked_at && (
                <button type="button" className="btn small" onClick={() => setRevoking(row)}>
                  Revoke…
                </button>
              ),
          },
        ]}
      />
      <Confirm
        open={Boolean(revoking)}
        danger
        title={`Revoke ${revoking?.name}?`}
        text={`Whatever ${revoking?.subject} does with it is refused within seconds. This can't be undone.`}
        verb="Revoke"
        onClose={() => setRevoking(null)}
        onConfirm={() =>
          revoking &&
          void act(
            async () =>
              void (await call(
                api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id: revoking.id } } }),
              )),
          )
        }
      />
    </>
  );
}

function Gateways() {
  const list = useQuery({
    queryKey: ["gateways"],
    queryFn: () => call(api.GET("/api/v1/gateways", { params: { query: { limit: 500 } } })),
  });
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Gateways"
        rows={list.data?.items ?? []}
        rowKey={(row) => row.id}
        loading={list.isPending}
        columns={[
          {
            key: "name",
            header: "Gateway",
            track: "minmax(140px,1fr)",
            cell: (row) => <span className="name">{row.name}</span>,
          },
          {
            key: "what",
            header: "Description",
            track: "minmax(160px,2fr)",
            cell: (row) => <span className="clip block text-ink-2">{row.description}</span>,
          },
          { key: "on", header: "State", track: "90px", cell: (row) => (row.enabled ? "enabled" : "disabled") },
          { key: "at", header: "Made", track: "84px", from: 560, cell: (row) => <At at={row.created_at} /> },
        ]}
      />
    </>
  );
}

function Audit() {
  const list = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/audit", { params: { query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Audit log"
        rows={rows}
        rowHeight={34}
        rowKey={(row) => row.id}
        loading={list.isPending}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        empty="Nothing was changed yet."
        columns={[
          { key: "at", header: "At", track: "84px", cell: (row) => <At at={row.at} /> },
          {
            key: "who",
            header: "Who",
            track: "minmax(100px,0.8fr)",
            cell: (row) => <span className="clip block">{row.actor}</span>,
          },
          { key: "did", header: "Did", track: "90px", cell: (row) => row.action },
          {
            key: "what",
            header: "To what",
            track: "minmax(140px,1fr)",
            cell: (row) => (
              <span className="clip block">
                {row.object_type} {typeof row.details.name === "string" ? row.details.name : ""}
              </span>
            ),
          },
          {
            key: "more",
            header: "Details",
            track: "minmax(120px,1.4fr)",
            from: 700,
            cell: (row) => <span className="mono clip block text-ink-2">{JSON.stringify(row.details)}</span>,
          },
        ]}
      />
    </>
  );
}
