import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, type CredentialShown, call, refusal } from "../api/client";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { CloseButton, Confirm, CopyButton, Drawer, Facts, Failure, Sentence } from "../ui/parts";
import { Table } from "../ui/table";
import { At } from "../ui/time";
import { useToast } from "../ui/toast";

/** How resources are reached. Secrets go in and never come out. */
export function Credentials() {
  useTitle("Credentials", "Credentials");
  const { open } = useSearch({ from: "/inside/credentials" });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const say = useToast();
  const list = useQuery(ask.credentials);
  const resources = useQuery(ask.resources);
  const [dropping, setDropping] = useState<CredentialShown | null>(null);
  const rows = list.data ?? [];
  const opened = rows.find((row) => row.id === open);
  const users = (id: string): string[] =>
    resources.data?.filter((one) => one.credential_id === id).map((one) => one.name) ?? [];
  const go = (next: string | undefined): void => void navigate({ to: "/credentials", search: { open: next } });
  const drop = async (row: CredentialShown): Promise<void> => {
    try {
      await call(api.DELETE("/api/v1/credentials/{credential_id}", { params: { path: { credential_id: row.id } } }));
      say("Deleted");
      await queries.invalidateQueries({ queryKey: ["credentials"] });
      go(undefined);
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
  };
  return (
    <>
      <div className="flex items-center border-line border-b pr-6">
        <div className="flex-1 [&>p]:border-0">
          <Sentence>Secrets go in and are never shown again; the public key is.</Sentence>
        </div>
        <button type="button" className="btn small" onClick={() => go("new")}>
          Add
        </button>
      </div>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<CredentialShown>
          label="Credentials"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={open}
          loading={list.isPending}
          onOpen={(row) => go(row.id)}
          empty="No credential yet."
          columns={[
            {
              key: "name",
              header: "Name",
              track: "minmax(140px,1fr)",
              cell: (row) => <span className="name clip block">{row.name}</span>,
            },
            {
              key: "kind",
              header: "Kind",
              track: "100px",
              cell: (row) => (row.kind === "ssh-key" ? "SSH key" : "Password"),
            },
            {
              key: "used",
              header: "Used by",
              track: "minmax(120px,1fr)",
              cell: (row) => <span className="clip block">{users(row.id).join(", ") || "nothing"}</span>,
            },
            { key: "by", header: "Made by", track: "120px", from: 640, cell: (row) => row.created_by },
            { key: "at", header: "Made", track: "84px", from: 720, cell: (row) => <At at={row.created_at} /> },
          ]}
        />
        {open === "new" && <Make onClose={() => go(undefined)} onMade={(id) => go(id)} />}
        {opened && (
          <Drawer label={opened.name} onClose={() => go(undefined)}>
            <div className="flex items-center gap-2 p-5 pb-3">
              <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{opened.name}</h2>
              <CloseButton onClick={() => go(undefined)} />
            </div>
            <div className="px-5 pb-6">
              <Facts
                facts={[
                  ["Kind", opened.kind],
                  ["Used by", users(opened.id).join(", ") || "nothing"],
                  [
                    "Made",
                    <span key="m">
                      by {opened.created_by}, <At at={opened.created_at} />
                    </span>,
                  ],
                ]}
              />
              {opened.public_key && (
                <>
                  <h3 className="mt-5 mb-2 font-semibold">Public key</h3>
                  <p className="second mt-0">A line for ~/.ssh/authorized_keys of the account.</p>
                  <pre className="mono m-0 whitespace-pre-wrap break-all rounded bg-code p-3">{opened.public_key}</pre>
                  <div className="mt-2">
                    <CopyButton label="Copy public key" text={opened.public_key} />
                  </div>
                </>
              )}
              <button type="button" className="btn mt-6" onClick={() => setDropping(opened)}>
                Delete…
              </button>
            </div>
          </Drawer>
        )}
      </div>
      <Confirm
        open={Boolean(dropping)}
        danger
        title={`Delete ${dropping?.name}?`}
        text="A resource that still uses it refuses the deletion."
        verb="Delete"
        onClose={() => setDropping(null)}
        onConfirm={() => dropping && void drop(dropping)}
      />
    </>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (id: string) => void }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"generate" | "key" | "password">("generate");
  const [secret, setSecret] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [failure, setFailure] = useState("");
  const queries = useQueryClient();
  const make = async (): Promise<void> => {
    const body =
      kind === "password"
        ? { kind: "password" as const, name, password: secret, answers: [] }
        : {
            kind: "ssh-key" as const,
            name,
            generate: kind === "generate",
            private_key: kind === "key" ? secret : null,
            passphrase: passphrase || null,
            answers: [],
          };
    try {
      const made = await call(api.POST("/api/v1/credentials", { body }));
      setSecret("");
      await queries.invalidateQueries({ queryKey: ["credentials"] });
      onMade(made.id);
    } catch (error) {
      setFailure(refusal(error));
    }
  };
  return (
    <Drawer label="New credential" onClose={onClose}>
      <form
        className="p-5"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <div className="flex items-center gap-2 pb-3">
          <h2 className="m-0 flex-1 font-semibold text-[15px]">New credential</h2>
          <CloseButton onClick={onClose} />
        </div>
        <label className="block">
          <span className="second">Name</span>
          <input className="field mt-1" value={name} onChange={(event) => setName(event.target.value)} required />
        </label>
        <label className="mt-3 block">
          <span className="second">Kind</span>
          <select className="field mt-1" value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
            <option value="generate">Make an SSH key pair here</option>
            <option value="key">Bring a private SSH key</option>
            <option value="password">Password</option>
          </select>
        </label>
        {kind === "key" && (
          <>
            <label className="mt-3 block">
              <span className="second">Private key, OpenSSH or PEM</span>
              <textarea
                className="field mono mt-1"
                rows={8}
                value={secret}
                spellCheck={false}
                onChange={(event) => setSecret(event.target.value)}
                required
              />
            </label>
            <label className="mt-3 block">
              <span className="second">Passphrase, if it has one; not kept</span>
              <input
                type="password"
                autoComplete="off"
                className="field mt-1"
                value={passphrase}
                onChange={(event) => setPassphrase(event.target.value)}
              />
            </label>
          </>
        )}
        {kind === "password" && (
          <label className="mt-3 block">
            <span className="second">Password</span>
            <input
              type="password"
              autoComplete="new-password"
              className="field mt-1"
              value={secret}
              onChange={(event) => setSecret(event.target.value)}
              required
            />
          </label>
        )}
        {failure && (
          <p role="alert" className="text-failed">
            {failure}
          </p>
        )}
        <button type="submit" className="btn ink mt-4">
          {kind === "generate" ? "Make the pair" : "Keep it"}
        </button>
      </form>
    </Drawer>
  );
}
