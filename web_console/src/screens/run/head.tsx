import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Ban, CopyPlus, HeartCrack, Pause, Play, RotateCw } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type ExperimentInFull, refusal } from "../../api/client";
import type { RunModel } from "../../core/run";
import { isTerminal, shownState } from "../../core/states";
import { isTyping } from "../../shell/keys";
import { Confirm } from "../../ui/parts";
import { usePrefs } from "../../ui/prefs";
import { StateIcon } from "../../ui/state";
import { useToast } from "../../ui/toast";
import { archive, cancel, giveUp, launch, pause, relaunch, resume, retry, unarchive } from "../steering";
import { Marks } from "./marks";
import { Outlook } from "./outlook";
import { Phases } from "./phases";

/** Name, what can be done with it now, how it stands, and its phases. */
export function Head({ one, model }: { one: ExperimentInFull; model: RunModel | null }) {
  const [asking, setAsking] = useState<"cancel" | "give-up" | null>(null);
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const say = useToast();
  const ended = isTerminal(one.state);
  const paused = one.process_state === "PAUSED";
  const draft = one.state === "CREATED" || one.state === "VALIDATED";
  const act = async (action: () => Promise<string | undefined>): Promise<void> => {
    setBusy(true);
    try {
      const words = await action();
      if (words) say(words);
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
    setBusy(false);
    void queries.invalidateQueries({ queryKey: ["experiment", one.id] });
  };
  const goOn = (): Promise<void> => act(async () => (await retry(one), "It goes on where it stopped"));
  const goingOn = (): Promise<void> => act(async () => (await resume(one), "It goes on"));
  const pausing = (): Promise<void> => act(async () => (await pause(one, ""), "Nothing new begins; what runs goes on"));
  const again = (): Promise<void> =>
    act(async () => {
      const made = await relaunch(one);
      await navigate({ to: "/experiments/$id", params: { id: made } });
      return "Launched again";
    });
  const keys: Record<string, (() => void) | false> = {
    r: ended && one.state !== "COMPLETED" && (() => void goOn()),
    p: !ended && !draft && (() => void (paused ? goingOn() : pausing())),
    c: !ended && !draft && one.state !== "CANCELING" && (() => setAsking("cancel")),
  };
  useRunKeys(keys);
  return (
    <header className="shrink-0 border-line border-b px-6 pt-3 pb-2 max-sm:px-4">
      <div className="flex flex-wrap items-center gap-3">
        <StateIcon kind={shownState(one)} size={18} label={one.state} />
        <h2
          className="clip m-0 flex-1 font-semibold text-[18px] leading-[26px] tracking-[-0.01em] max-sm:basis-[calc(100%-30px)]"
          data-testid="run-name"
        >
          {one.name}
        </h2>
        {draft && (
          <button
            type="button"
            className="btn ink"
            disabled={busy}
            onClick={() => void act(async () => (await launch(one), "Launched"))}
          >
            Launch
          </button>
        )}
        {ended && one.state !== "COMPLETED" && (
          <>
            <button type="button" className="btn ink" disabled={busy} onClick={() => void goOn()}>
              <RotateCw size={14} /> Retry
            </button>
            <button type="button" className="btn" disabled={busy} onClick={() => void again()}>
              Relaunch
            </button>
          </>
        )}
        {paused && !ended && (
          <button type="button" className="btn ink" disabled={busy} onClick={() => void goingOn()}>
            <Play size={14} /> Resume
          </button>
        )}
        {one.blocked && !ended && (
          <>
            <Link to="/health" search={{ open: one.blocked.resource }} className="btn">
              {one.blocked.resource}
            </Link>
            <button type="button" className="btn" disabled={busy} onClick={() => setAsking("give-up")}>
              <HeartCrack size={14} /> Give up…
            </button>
          </>
        )}
        {!ended && !draft && !paused && one.state !== "CANCELING" && (
          <button type="button" className="btn" disabled={busy} onClick={() => void pausing()}>
            <Pause size={14} /> Pause
          </button>
        )}
        {one.kind === "application" && (
          <Link to="/launch" search={{ from: one.id }} className="btn">
            <CopyPlus size={14} /> {ended ? "Relaunch with edits" : "Clone"}
          </Link>
        )}
        {(ended || draft) && (
          <button
            type="button"
            className="btn"
            disabled={busy}
            onClick={() =>
              void act(async () =>
                one.archived_at
                  ? (await unarchive(one), "It is listed again")
                  : (await archive(one), "Put away; “archived:yes” finds it"),
              )
            }
          >
            {one.archived_at ? <ArchiveRestore size={14} /> : <Archive size={14} />}
            {one.archived_at ? "Bring back" : "Archive"}
          </button>
        )}
        {!ended && !draft && (
          <button
            type="button"
            className="btn"
            disabled={busy || one.state === "CANCELING"}
            onClick={() => setAsking("cancel")}
          >
            <Ban size={14} /> {one.state === "CANCELING" ? "Canceling" : "Cancel…"}
          </button>
        )}
      </div>
      <Outlook one={one} model={model} />
      <Marks one={one} />
      {model && <Phases model={model} state={one.state} />}
      <Confirm
        open={asking === "give-up"}
        danger
        title={`Wait no longer for ${one.blocked?.resource ?? "the resource"}?`}
        text={`${one.blocked?.tasks === 1 ? "The task that waits" : `All ${one.blocked?.tasks ?? ""} tasks that wait`} for it fail now, instead of going on when it answers. A retry takes the run up again later.`}
        verb="Give up"
        note="Why (goes into the history)"
        onClose={() => setAsking(null)}
        onConfirm={(reason) => void act(async () => (await giveUp(one, reason), "Given up: what was blocked fails"))}
      />
      <Confirm
        open={asking === "cancel"}
        danger
        title={`Cancel “${one.name}”?`}
        text="What runs is ended where it runs; finished outputs stay. It becomes CANCELED when the resource has confirmed."
        verb="Cancel it"
        note="Why (goes into the history)"
        onClose={() => setAsking(null)}
        onConfirm={(reason) =>
          void act(async () => (await cancel(one, reason), "Asked to cancel; the resource confirms"))
        }
      />
    </header>
  );
}

/** Single keys for what the buttons do; where a button is not there, its key does nothing. */
function useRunKeys(keys: Record<string, (() => void) | false>): void {
  const { singleKeys } = usePrefs();
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!singleKeys || event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
      const action = latest.current[event.key];
      if (action) action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [singleKeys]);
}
