import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Tag } from "lucide-react";
import { useState } from "react";
import { api, call, type ExperimentInFull } from "../../api/client";
import { formatFilter } from "../../core/filter";
import { FormDialog, Labeled } from "../../ui/dialog";
import { useToast } from "../../ui/toast";
import { annotate } from "../steering";

/** Tags and notes: what people write upon an experiment, in whatever state it is. */
export function Marks({ one }: { one: ExperimentInFull }) {
  const [editing, setEditing] = useState(false);
  return (
    <div className="mt-1 flex min-w-0 items-center gap-2 text-[12px]">
      {one.archived_at && <span className="chip">put away</span>}
      {one.tags.map((tag) => (
        <Link key={tag} to="/experiments" search={{ f: formatFilter({ state: [], tag }) }} className="chip">
          {tag}
        </Link>
      ))}
      <button type="button" className="btn plain small -ml-2" onClick={() => setEditing(true)}>
        <Tag size={12} /> {one.tags.length || one.description ? "Edit notes and tags" : "Add notes and tags"}
      </button>
      {one.description && (
        <span className="clip min-w-0 flex-1 text-ink-2" title={one.description}>
          {one.description}
        </span>
      )}
      {editing && <Editing one={one} onClose={() => setEditing(false)} />}
    </div>
  );
}

const SHAPE = /^[\p{L}\p{N}_][\p{L}\p{N}_ .:+-]{0,49}$/u;

function Editing({ one, onClose }: { one: ExperimentInFull; onClose: () => void }) {
  const [notes, setNotes] = useState(one.description);
  const [text, setText] = useState(one.tags.join(", "));
  const queries = useQueryClient();
  const say = useToast();
  const known = useQuery({ queryKey: ["tags"], queryFn: () => call(api.GET("/api/v1/experiment-tags")) });
  const tags = [...new Set(text.split(",").map((tag) => tag.trim()))].filter(Boolean);
  const wrong = tags.find((tag) => !SHAPE.test(tag));
  const offered = (known.data?.items ?? []).filter((tag) => !tags.includes(tag)).slice(0, 12);
  return (
    <FormDialog
      open
      title="Notes and tags"
      verb="Save"
      disabled={Boolean(wrong) || tags.length > 20}
      onClose={onClose}
      onConfirm={async () => {
        await annotate(one, notes, tags);
        say("Saved");
        await queries.invalidateQueries({ queryKey: ["experiment", one.id] });
        for (const name of ["tags", "experiments"]) void queries.invalidateQueries({ queryKey: [name] });
      }}
    >
      <Labeled
        label="Tags, with commas between"
        hint={
          wrong
            ? `“${wrong}” is no tag: letters, digits, _ . : + - and blanks, 50 at most`
            : "They are found by tag:name; 20 at most"
        }
      >
        <input
          className="field"
          value={text}
          aria-invalid={Boolean(wrong)}
          onChange={(event) => setText(event.target.value)}
        />
      </Labeled>
      {offered.length > 0 && (
        <p className="mt-0 mb-3 flex flex-wrap gap-1">
          {offered.map((tag) => (
            <button key={tag} type="button" className="chip" onClick={() => setText([...tags, tag].join(", "))}>
              + {tag}
            </button>
          ))}
        </p>
      )}
      <Labeled label="Notes">
        <textarea
          className="field"
          rows={6}
          maxLength={4000}
          value={notes}
          onChange={(event) => setNotes(event.target.value)}
        />
      </Labeled>
    </FormDialog>
  );
}
