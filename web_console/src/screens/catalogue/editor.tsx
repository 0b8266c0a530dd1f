import { type ReactNode, useState } from "react";
import { refusal } from "../../api/client";
import type { FieldSpec, Values } from "../../core/forms";
import { plain } from "../../core/plain";
import { CatalogueForm } from "../../ui/form";
import { CloseButton, Confirm, Drawer } from "../../ui/parts";
import { useToast } from "../../ui/toast";

interface Kept {
  id: string;
  name: string;
  version: number;
}

interface Props<Row extends Kept> {
  /** What one of them is called: "quota". */
  noun: string;
  row: Row | undefined;
  fresh: Values;
  specs: readonly FieldSpec[];
  mayWrite: boolean;
  /** Make it, or replace `row`. */
  save: (value: never, row: Row | undefined) => Promise<unknown>;
  remove: (row: Row) => Promise<unknown>;
  /** What follows from removing it. */
  removing: string;
  /** Something was saved or removed. */
  changed: () => Promise<unknown>;
  onClose: () => void;
  children?: ReactNode;
}

/** One thing of the catalogue in the drawer: its form, Save, Remove. */
export function Editor<Row extends Kept>(props: Props<Row>) {
  const { noun, row, onClose } = props;
  const [dropping, setDropping] = useState(false);
  const say = useToast();
  const done = async (words: string): Promise<void> => {
    say(words);
    await props.changed();
    onClose();
  };
  const drop = async (one: Row): Promise<void> => {
    try {
      await props.remove(one);
      await done("Removed");
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
  };
  const title = row?.name ?? `New ${noun}`;
  return (
    <Drawer label={title} onClose={onClose}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{title}</h2>
        {row && props.mayWrite && (
          <button type="button" className="btn small" onClick={() => setDropping(true)}>
            Remove…
          </button>
        )}
        <CloseButton onClick={onClose} />
      </div>
      <div className="px-5 pb-6">
        {props.children}
        <CatalogueForm
          key={row?.version}
          label={noun}
          specs={props.specs}
          value={row ? plain(row) : props.fresh}
          onSave={async (value) => {
            await props.save(value, row);
            await done("Saved");
          }}
          saving={row ? "Save" : "Create"}
        />
      </div>
      {row && (
        <Confirm
          open={dropping}
          danger
          title={`Remove ${row.name}?`}
          text={props.removing}
          verb="Remove"
          onClose={() => setDropping(false)}
          onConfirm={() => void drop(row)}
        />
      )}
    </Drawer>
  );
}
