import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, call, type Role, refusal, type TokenMade, type TokenShown } from "../../api/client";
import { Confirm, CopyButton, Failure } from "../../ui/parts";
import { Table } from "../../ui/table";
import { At } from "../../ui/time";
import { useToast } from "../../ui/toast";

const ROLES: readonly Role[] = ["viewer", "user", "gateway-admin"];

/** Who may do what: tokens are shown once, and revoked at once. */
export function Tokens({ mayWrite }: { mayWrite: boolean }) {
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
      say(refusal(error), { tone: "failed" });
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
