import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Play, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { api, call, type ResourceShown, refusal, type StepReport, type TestShown } from "../../api/client";
import type { Kind } from "../../core/states";
import { duration } from "../../core/time";
import { Confirm, CopyButton, Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { At } from "../../ui/time";
import { useToast } from "../../ui/toast";

const STEPS: Record<string, string> = {
  name: "Name resolves",
  tcp: "TCP connect",
  "host-key": "Host key matches the pinned one",
  login: "Login",
  shell: "Shell",
  scratch: "Scratch folder is writable",
  scheduler: "Scheduler answers",
};
const KINDS: Record<string, Kind> = { passed: "completed", failed: "failed", "not reached": "created" };
const ASK_AGAIN_MS = 700;

/** The way to a resource, step by step, naming the one that fails and what to do about it. */
export function Reachability({ resource, mayTest }: { resource: ResourceShown; mayTest: boolean }) {
  const queries = useQueryClient();
  const path = { resource_id: resource.id };
  const tests = useQuery({
    queryKey: ["tests", resource.id],
    queryFn: () =>
      call(api.GET("/api/v1/compute-resources/{resource_id}/tests", { params: { path, query: { limit: 1 } } })),
    refetchInterval: ({ state }) => (state.data?.items[0]?.state === "running" ? ASK_AGAIN_MS : false),
  });
  const ask = useMutation({
    mutationFn: () => call(api.POST("/api/v1/compute-resources/{resource_id}/test", { params: { path } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tests", resource.id] }),
  });
  const test = tests.data?.items[0];
  const running = ask.isPending || test?.state === "running";
  return (
    <section aria-label="Reachability test">
      <div className="mb-2 flex items-baseline gap-3">
        <h3 className="m-0 flex-1 font-semibold">Reachability test</h3>
        <span className="meta">{test && <At at={test.answered_at ?? test.created_at} />}</span>
      </div>
      {tests.error && <Failure error={tests.error} retry={() => void tests.refetch()} />}
      {!test && !tests.isPending && (
        <p className="m-0 text-ink-2">It was never tested. Nothing is submitted by a test.</p>
      )}
      {running && !test?.report && <p className="m-0 text-ink-2">A service walks the way there, step by step.</p>}
      {test && <Report test={test} resource={resource} mayConfirm={mayTest} />}
      {ask.error && <Failure error={ask.error} />}
      <div className="mt-3 flex gap-2">
        {mayTest && (
          <button type="button" className="btn small" disabled={running} onClick={() => ask.mutate()}>
            <Play size={13} /> {running ? "Testing" : test ? "Test again" : "Test it"}
          </button>
        )}
        {resource.transport === "ssh" && (
          <CopyButton label="Copy as ssh" text={`ssh -p ${resource.port} ${resource.username}@${resource.host}`} />
        )}
      </div>
    </section>
  );
}

function Report({ test, resource, mayConfirm }: { test: TestShown; resource: ResourceShown; mayConfirm: boolean }) {
  if (test.state === "unanswered")
    return <p className="m-0 text-ink-2">No service took the test up in time: see resource-look under Services.</p>;
  if (!test.report) return test.failure ? <p className="m-0 text-failed">{test.failure.sentence}</p> : null;
  const failed = test.report.steps.find((step) => step.passing === "failed");
  return (
    <>
      <ol className="m-0 list-none p-0">
        {test.report.steps.map((step) => (
          <li key={`${step.host}-${step.step}`} className="flex gap-3 py-[5px]">
            <span className="pt-[2px]">
              <StateIcon kind={KINDS[step.passing] ?? "created"} label={step.passing} />
            </span>
            <span className="min-w-0 flex-1 leading-[18px]">
              <span className={`block ${step.passing === "not reached" ? "text-ink-3" : ""}`}>
                {STEPS[step.step] ?? step.step}
                {step.host !== resource.host && <span className="text-ink-3"> · {step.host}</span>}
              </span>
              {step.sentence && <span className="second block break-words">{step.sentence}</span>}
            </span>
            {step.passing !== "not reached" && <span className="meta num">{duration(step.seconds * 1_000)}</span>}
          </li>
        ))}
      </ol>
      {failed?.advice && <p className="m-0 mt-2 border-line border-t pt-2 text-ink-2">{failed.advice}</p>}
      {mayConfirm && failed?.step === "host-key" && <ConfirmKey step={failed} resource={resource} />}
    </>
  );
}

/** The first use of a host, confirmed by a person who compared the fingerprint. */
function ConfirmKey({ step, resource }: { step: StepReport; resource: ResourceShown }) {
  const [asking, setAsking] = useState(false);
  const queries = useQueryClient();
  const say = useToast();
  const fingerprint = typeof step.facts?.fingerprint === "string" ? step.facts.fingerprint : null;
  const pin = useMutation({
    mutationFn: (text: string) =>
      call(
        api.POST("/api/v1/compute-resources/{resource_id}/host-keys", {
          params: { path: { resource_id: resource.id } },
          body: { fingerprint: text },
        }),
      ),
    onSuccess: async () => {
      say("The key is pinned");
      await queries.invalidateQueries({ queryKey: ["resources"] });
    },
    onError: (error) => say(refusal(error), { tone: "failed" }),
  });
  if (!fingerprint) return null;
  return (
    <>
      <button type="button" className="btn small mt-2" onClick={() => setAsking(true)}>
        <ShieldCheck size={13} /> Accept this key…
      </button>
      <Confirm
        open={asking}
        title={`Trust ${resource.host} with this key?`}
        text={
          <>
            Compare it with what its operators publish: <code className="mono break-all">{fingerprint}</code>. From then
            on a host that shows another key is refused.
          </>
        }
        verb="It is the same: pin it"
        onClose={() => setAsking(false)}
        onConfirm={() => pin.mutate(fingerprint)}
      />
    </>
  );
}
