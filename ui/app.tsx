/** The pages and their addresses. @module */
import type { AnyComponent } from "preact";
import { ErrorBoundary, lazy, LocationProvider, Route, Router } from "preact-iso";
import { Shell } from "./components/Shell.tsx";
import { Empty, Failed } from "./components/State.tsx";

type PageModule = { default: AnyComponent<any> };

/**
 * A page that is loaded when first opened. When it cannot be loaded (the server is away, or was
 * updated and has other files now) the reader is told, and loading the address anew helps.
 */
function page(load: () => Promise<PageModule>) {
  return lazy<AnyComponent<any>>(() => load().catch((): PageModule => ({ default: NotLoaded })));
}

function NotLoaded() {
  const error = new Error(
    "The server cannot be reached, or it was updated since this page was opened.",
  );
  return (
    <div class="page">
      <Failed error={error} retry={() => location.reload()} />
    </div>
  );
}

const Experiments = page(() => import("./pages/Experiments.tsx"));
const Experiment = page(() => import("./pages/Experiment.tsx"));
const Run = page(() => import("./pages/Run.tsx"));
const Compare = page(() => import("./pages/Compare.tsx"));
const Study = page(() => import("./pages/Study.tsx"));
const Models = page(() => import("./pages/Models.tsx"));
const Model = page(() => import("./pages/Model.tsx"));
const Serving = page(() => import("./pages/Serving.tsx"));
const Notebooks = page(() => import("./pages/Notebooks.tsx"));
const Reports = page(() => import("./pages/Reports.tsx"));
const Audit = page(() => import("./pages/Audit.tsx"));

function NotFound() {
  return (
    <div class="page">
      <Empty icon="search" title="There is no such page">
        The address may be mistyped. <a href="/">All experiments</a>
      </Empty>
    </div>
  );
}

export function App() {
  return (
    <LocationProvider>
      <Shell>
        <ErrorBoundary>
          <Router>
            <Route path="/" component={Experiments} />
            <Route path="/experiments" component={Experiments} />
            <Route path="/experiments/:id" component={Experiment} />
            <Route path="/runs/:id" component={Run} />
            <Route path="/compare" component={Compare} />
            <Route path="/studies/:id" component={Study} />
            <Route path="/models" component={Models} />
            <Route path="/models/:name" component={Model} />
            <Route path="/serving" component={Serving} />
            <Route path="/notebooks" component={Notebooks} />
            <Route path="/reports" component={Reports} />
            <Route path="/audit" component={Audit} />
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </Shell>
    </LocationProvider>
  );
}
