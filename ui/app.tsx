/** The pages and their addresses. @module */
import { ErrorBoundary, lazy, LocationProvider, Route, Router } from "preact-iso";
import { Shell } from "./components/Shell.tsx";
import { Empty } from "./components/State.tsx";

const Experiments = lazy(() => import("./pages/Experiments.tsx"));
const Experiment = lazy(() => import("./pages/Experiment.tsx"));
const Run = lazy(() => import("./pages/Run.tsx"));
const Compare = lazy(() => import("./pages/Compare.tsx"));
const Study = lazy(() => import("./pages/Study.tsx"));
const Models = lazy(() => import("./pages/Models.tsx"));
const Model = lazy(() => import("./pages/Model.tsx"));
const Serving = lazy(() => import("./pages/Serving.tsx"));
const Notebooks = lazy(() => import("./pages/Notebooks.tsx"));
const Reports = lazy(() => import("./pages/Reports.tsx"));
const Audit = lazy(() => import("./pages/Audit.tsx"));

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
