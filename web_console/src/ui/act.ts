import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { refusal } from "../api/client";
import { useToast } from "./toast";

/** Something is asked of the API: one thing at a time, told by a toast, and what it may have changed is read again. */
export function useAct(queryKey: QueryKey) {
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const say = useToast();
  /** Return whether it was done; `words` say so. */
  const act = async (words: string, action: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    try {
      await action();
      say(words);
      return true;
    } catch (error) {
      say(refusal(error), { tone: "failed" });
      return false;
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ queryKey });
    }
  };
  return { busy, act };
}
