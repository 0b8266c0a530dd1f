import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { makeRouter } from "./router";
import "./styles.css";
import { PrefsProvider } from "./ui/prefs";
import { ToastProvider } from "./ui/toast";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 3 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 502),
    },
  },
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <PrefsProvider>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          <RouterProvider router={makeRouter(queries)} />
        </ToastProvider>
      </QueryClientProvider>
    </PrefsProvider>
  </StrictMode>,
);
